import { type Static, Type } from 'typebox'
import { SCAN_TYPES } from '../api/machine-action.ts'
import { Base64Text, Guid, MachineIdText, Sha256Text } from '../ids.ts'
import { FilePath } from '../scan/file-path.ts'
import { AbsolutePathText, ScanSettings } from '../scan/scan-settings.ts'

/**
 * A key that signs orders. The first has no signature; each later one is announced by the one before.
 * On one connection only the newest key of the chain in its `welcome` signs: a new key takes effect with the next
 * connection, so a server that adds one closes its channels with `goingAway`.
 */
export const OrderKey = Type.Object({
  keyId: Guid,
  /** Raw Ed25519, 32 bytes, base64. */
  publicKey: Base64Text,
  /** By the key before, over `signingInput('fleetsweep.agent.v1/order-key', [tenant, keyId, publicKey])`. */
  signature: Type.Union([Base64Text, Type.Null()]),
})
export type OrderKey = Static<typeof OrderKey>

const Bound = {
  machineId: MachineIdText,
  actionId: Guid,
  /** The nonce of the connection that the order is for. */
  agentNonce: Type.String({ minLength: 16, maxLength: 128 }),
  /** Grows with every order of a connection, by any step: one that is not above the last is refused. */
  counter: Type.Integer({ minimum: 1 }),
}

/**
 * Starts a scan. One for an action that the machine knows, even one long ended, starts nothing: the machine sends again
 * what was not acknowledged, or how the action ended.
 */
export const ScanOrder = Type.Object({
  verb: Type.Literal('scan'),
  ...Bound,
  scanType: Type.Enum(SCAN_TYPES),
  /** What a `Custom` scan looks at; absent for the others. */
  paths: Type.Optional(Type.Array(AbsolutePathText, { minItems: 1, maxItems: 100 })),
  /** Absent in orders of older servers: then `DEFAULT_SCAN_SETTINGS` hold. */
  settings: Type.Optional(ScanSettings),
  /** For the machine's own log: who asked, and why. */
  requestor: Type.String({ maxLength: 1_024 }),
  comment: Type.String({ maxLength: 4_000 }),
})
export type ScanOrder = Static<typeof ScanOrder>

/**
 * Ends an action and asks for the proof, which is a `stopped` event in every case: also for an action that never
 * reached the machine (`neverStarted`; a scan order for it that comes later starts nothing) and for one that has ended
 * by itself (`queueEmpty`, numbered after its ending).
 */
export const StopOrder = Type.Object({ verb: Type.Literal('stop'), ...Bound })
export type StopOrder = Static<typeof StopOrder>

/** For the machine's own log: who asked, and why. */
const Asked = { requestor: Type.String({ maxLength: 1_024 }), comment: Type.String({ maxLength: 4_000 }) }

/**
 * Moves a file to quarantine. Only one that holds just this content is taken, and none that belongs to a package: who
 * may sign orders can take away what was found, not whatever there is.
 */
export const QuarantineOrder = Type.Object({
  verb: Type.Literal('quarantine'),
  ...Bound,
  path: FilePath,
  sha256: Sha256Text,
  /** As the detection named it. */
  threatName: Type.String({ minLength: 1, maxLength: 512 }),
  ...Asked,
})
export type QuarantineOrder = Static<typeof QuarantineOrder>

/** Gives a file in quarantine back to where it was. It can name no other place, and replaces nothing. */
export const RestoreOrder = Type.Object({
  verb: Type.Literal('restore'),
  ...Bound,
  quarantineId: Guid,
  ...Asked,
})
export type RestoreOrder = Static<typeof RestoreOrder>

/** Brings the signatures of the machine's engine up to date, from where the machine gets them. */
export const UpdateSignaturesOrder = Type.Object({
  verb: Type.Literal('updateSignatures'),
  ...Bound,
  ...Asked,
})
export type UpdateSignaturesOrder = Static<typeof UpdateSignaturesOrder>

/**
 * Orders that are no scans. Each is carried out once, beside the scans, and ends with `done` or `failed`; one for an
 * action that the machine knows does nothing but tell that again.
 */
export const TaskOrder = Type.Union([QuarantineOrder, RestoreOrder, UpdateSignaturesOrder])
export type TaskOrder = Static<typeof TaskOrder>

/** Everything that a server may ask of a machine. The list is closed: there is no verb that runs a command. */
export const Order = Type.Union([ScanOrder, StopOrder, QuarantineOrder, RestoreOrder, UpdateSignaturesOrder])
export type Order = Static<typeof Order>

export const ORDER_VERBS = [
  'scan',
  'stop',
  'quarantine',
  'restore',
  'updateSignatures',
] as const satisfies Order['verb'][]
