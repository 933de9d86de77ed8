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
    kind: Type.String({
      description:
        '`application`, `user`, `server` for what happens by itself, `machine` for what an agent caused, `operator` for local commands.',
    }),
    id: Type.String(),
    name: Type.String(),
  }),
  operation: Type.String({ description: 'Verb and noun, such as `machineAction.create`.' }),
  target: Type.String({ description: 'Id of what was changed; of a refused call the route.' }),
  detail: Type.Record(Type.String(), Detail),
  position: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: 'Place in the chain, from 1; null until it is sealed, which takes about a second.',
  }),
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
  from: Type.Integer({ description: 'Places that it concerns, first and last.' }),
  through: Type.Integer(),
  entryId: Type.Union([Type.String(), Type.Null()], {
    description: 'The entry, where it is one that is there.',
  }),
  sentence: Type.String({ description: 'What was found, for people.' }),
})
export type AuditFinding = Static<typeof AuditFinding>

/** Answer of `GET /fleet/v1/audit/verification`. */
export const AuditVerification = Type.Object({
  isIntact: Type.Boolean({
    description:
      'True when every sealed entry is as it was when it was sealed, as far as this server can tell.',
  }),
  verifiedAt: Type.String(),
  entries: Type.Integer({ minimum: 0, description: 'Sealed entries that were checked.' }),
  head: Type.Union(
    [
      Type.Object({
        position: Type.Integer({ minimum: 1 }),
        hash: Sha256Text,
        signedAt: Type.String(),
        keyId: Type.String(),
      }),
      Type.Null(),
    ],
    {
      description:
        'The newest head with a good signature. Write it down elsewhere: later, it must still be part of the chain.',
    },
  ),
  unsealed: Type.Integer({ minimum: 0, description: 'Entries that are not sealed yet.' }),
  findings: Type.Array(AuditFinding),
  findingsLeftOff: Type.Integer({ minimum: 0, description: 'Findings beyond those listed.' }),
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
