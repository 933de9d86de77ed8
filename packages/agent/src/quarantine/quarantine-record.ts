import { Sha256Text } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { parseJson } from '../os/parse-json.ts'

const BigIntText = Type.String({ pattern: '^-?\\d{1,20}$' })

/**
 * How far a file is on its way in or out. The one that a crash left behind is finished or undone at the next start.
 *
 * | stage | the original | the copy |
 * | --- | --- | --- |
 * | copying | untouched | not whole yet |
 * | removing | in place, set aside in its folder, or gone | whole and on disk |
 * | quarantined | gone | whole |
 * | restoring | being written, out of sight | whole |
 * | placing | about to be given its name, or has it | whole |
 * | restored | back | deleted |
 */
export const STAGES = ['copying', 'removing', 'quarantined', 'restoring', 'placing', 'restored'] as const

/** What is kept of a file in quarantine. Times are nanoseconds since the epoch, whole numbers as text. */
export const QuarantineRecord = Type.Object({
  version: Type.Literal(1),
  id: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
  stage: Type.Enum(STAGES),
  /** The exact bytes. */
  pathBase64: Type.String(),
  /** Of the original; on restoring, of the file that takes its place. */
  device: BigIntText,
  inode: BigIntText,
  mode: Type.Integer({ minimum: 0 }),
  uid: Type.Integer({ minimum: 0 }),
  gid: Type.Integer({ minimum: 0 }),
  accessedNs: BigIntText,
  modifiedNs: BigIntText,
  xattrs: Type.Array(Type.Object({ name: Type.String(), base64: Type.String() })),
  /** Further names of the same file: what was found is still there under them. */
  otherNames: Type.Integer({ minimum: 0 }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  sha256: Type.Union([Sha256Text, Type.Null()]),
  threatName: Type.String(),
  /** Of the scan that found it, or the person's order. */
  actionId: Type.Union([Type.String(), Type.Null()]),
  takenBy: Type.String(),
  /** Milliseconds since the epoch, by the machine's own clock. */
  takenAtMs: Type.Integer(),
  /** Where it goes or went back to, where that is another place. */
  restorePathBase64: Type.Optional(Type.String()),
  restoredAtMs: Type.Optional(Type.Integer()),
})
export type QuarantineRecord = Static<typeof QuarantineRecord>

const record = new LazySchema(QuarantineRecord)

/** @throws Error when it is not a record */
export function parseRecord(text: string): QuarantineRecord {
  const content = parseJson(text)
  if (!record.Check(content)) throw new Error('A record of the quarantine cannot be read.')
  return content
}

export function pathOf(record: QuarantineRecord): Buffer {
  return Buffer.from(record.pathBase64, 'base64')
}
