import { type Static, Type } from 'typebox'
import { Base64Text, Guid, MachineIdText } from '../ids.ts'

/** A key that signs orders. The first has no signature; each later one is announced by the one before. */
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
  /** Grows with every order of a connection: an order seen twice is refused. */
  counter: Type.Integer({ minimum: 1 }),
}

export const ScanOrder = Type.Object({
  verb: Type.Literal('scan'),
  ...Bound,
  scanType: Type.Union([Type.Literal('Quick'), Type.Literal('Full')]),
  /** For the machine's own log: who asked, and why. */
  requestor: Type.String({ maxLength: 1_024 }),
  comment: Type.String({ maxLength: 4_000 }),
})
export type ScanOrder = Static<typeof ScanOrder>

export const StopOrder = Type.Object({ verb: Type.Literal('stop'), ...Bound })
export type StopOrder = Static<typeof StopOrder>

/** Everything that a server may ask of a machine. The list is closed: there is no verb that runs a command. */
export const Order = Type.Union([ScanOrder, StopOrder])
export type Order = Static<typeof Order>
