import { type Static, Type } from 'typebox'
import { Sha256Text } from '../ids.ts'

const Detail = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
  Type.Array(Type.String()),
])

/** One change, or calls that were refused, as the audit keeps it: also one that somebody has tampered with. */
export const FleetAuditEntry = Type.Object({
  id: Type.String(),
  at: Type.String(),
  principal: Type.Object({
    /** `application`, `user`, `server` for what happens by itself, `machine` for what an agent caused, `operator` for local commands. */
    kind: Type.String(),
    id: Type.String(),
    name: Type.String(),
  }),
  /** Verb and noun, such as `machineAction.create`. */
  operation: Type.String(),
  /** Id of what was changed; of a refused call the route. */
  target: Type.String(),
  detail: Type.Record(Type.String(), Detail),
  /** Place in the chain, from 1; null until it is sealed, which takes about a second. */
  position: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  hash: Type.Union([Type.String(), Type.Null()]),
})
export type FleetAuditEntry = Static<typeof FleetAuditEntry>

/** Answer of `GET /fleet/v1/audit`, newest first. */
export const FleetAuditList = Type.Object({
  items: Type.Array(FleetAuditEntry),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})

/** What can be wrong with a chain. */
export const AUDIT_FINDINGS = [
  'changed',
  'inserted',
  'swapped',
  'moved',
  'missing',
  'rewritten',
  'cutOff',
  'notSigned',
  'forgedHead',
  'notTheNotedHead',
] as const

export const AuditFinding = Type.Object({
  kind: Type.Enum(AUDIT_FINDINGS),
  /** Places that it concerns, first and last. */
  from: Type.Integer(),
  through: Type.Integer(),
  /** The entry, where it is one that is there. */
  entryId: Type.Union([Type.String(), Type.Null()]),
  /** What was found, for people. */
  sentence: Type.String(),
})
export type AuditFinding = Static<typeof AuditFinding>

/** Answer of `GET /fleet/v1/audit/verification`. */
export const AuditVerification = Type.Object({
  /** True when every sealed entry is as it was when it was sealed, as far as this server can tell. */
  isIntact: Type.Boolean(),
  verifiedAt: Type.String(),
  /** Sealed entries that were checked. */
  entries: Type.Integer({ minimum: 0 }),
  /** The newest head with a good signature. Write it down elsewhere: later, it must still be part of the chain. */
  head: Type.Union([
    Type.Object({
      position: Type.Integer({ minimum: 1 }),
      hash: Sha256Text,
      signedAt: Type.String(),
      keyId: Type.String(),
    }),
    Type.Null(),
  ]),
  /** Entries that are not sealed yet. */
  unsealed: Type.Integer({ minimum: 0 }),
  findings: Type.Array(AuditFinding),
  /** Findings beyond those listed. */
  findingsLeftOff: Type.Integer({ minimum: 0 }),
})
export type AuditVerification = Static<typeof AuditVerification>

/** A head of the chain that somebody wrote down. */
export type NotedHead = { position: number; hash: string }

/** Reads a noted head such as `1200:9f86d0…`; `undefined` for text that is none. */
export function readNotedHead(text: string): NotedHead | undefined {
  const [, position, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  return position === undefined || hash === undefined
    ? undefined
    : { position: Number(position), hash: hash.toLowerCase() }
}

/** Writes a head as `readNotedHead` reads it. */
export function writeNotedHead({ position, hash }: NotedHead): string {
  return `${position}:${hash}`
}

/** A verification for people, in lines. */
export function describeVerification(verification: AuditVerification): string {
  const { isIntact, entries, head, unsealed, findings, findingsLeftOff } = verification
  const end = head ? ` The chain ends at ${writeNotedHead(head)}, signed ${head.signedAt}.` : ''
  const open = unsealed === 0 ? '' : ` Not sealed yet: ${unsealed}.`
  if (isIntact) return `The audit is intact: ${entries} entries.${end}${open}\n`
  const left = findingsLeftOff === 0 ? '' : `  … and ${findingsLeftOff} more.\n`
  const lines = findings.map(({ kind, sentence }) => `  ${kind}: ${sentence}\n`)
  return `The audit is NOT intact: ${entries} entries were read.${end}${open}\n${lines.join('')}${left}`
}
