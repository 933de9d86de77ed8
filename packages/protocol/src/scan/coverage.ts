import { type Static, Type } from 'typebox'
import { FilePath } from './file-path.ts'

/** Why a file that the walk met was not scanned. */
export const NOT_SCANNED_REASONS = [
  'tooLarge',
  'engineLimit',
  'unreadable',
  'vanished',
  'changedWhileScanning',
  'specialFile',
  'excluded',
  'timedOut',
  'encrypted',
  'engineError',
  'cancelled',
] as const
export type NotScannedReason = (typeof NOT_SCANNED_REASONS)[number]

/** Words for people, one for each reason. */
export const NOT_SCANNED_WORDS: Record<NotScannedReason, string> = {
  tooLarge: 'larger than the file limit',
  engineLimit: 'beyond a limit of the engine',
  unreadable: 'could not be opened or read',
  vanished: 'gone before it could be read',
  changedWhileScanning: 'changed while it was scanned',
  specialFile: 'not a regular file',
  excluded: 'excluded by policy',
  timedOut: 'took the engine too long',
  encrypted: 'encrypted, the engine could not look inside',
  engineError: 'the engine failed on it',
  cancelled: 'the scan was stopped first',
}

export const Tally = Type.Object({
  files: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
})
export type Tally = Static<typeof Tally>

const NotScannedTallies = Type.Object({
  tooLarge: Tally,
  engineLimit: Tally,
  unreadable: Tally,
  vanished: Tally,
  changedWhileScanning: Tally,
  specialFile: Tally,
  excluded: Tally,
  timedOut: Tally,
  encrypted: Tally,
  engineError: Tally,
  cancelled: Tally,
} satisfies Record<NotScannedReason, typeof Tally>)

/** Where every file that the walk met ended up: exactly one bucket each, so `met` is the sum of all others. */
export const Coverage = Type.Object({
  met: Tally,
  /** The engine read it and gave a verdict, whatever the verdict. */
  scanned: Tally,
  /** Proven not to have changed since a clean verdict of the same engine and signatures. */
  unchanged: Tally,
  /** Same bytes as a file scanned in this scan. */
  duplicate: Tally,
  notScanned: NotScannedTallies,
})
export type Coverage = Static<typeof Coverage>

/** Examples of files that were not scanned: at most 100 of each reason. */
export const NotScannedSample = Type.Object({
  reason: Type.Enum(NOT_SCANNED_REASONS),
  path: FilePath,
  detail: Type.Optional(
    Type.String({
      maxLength: 200,
      description: "What exactly stood in the way, such as `EACCES` or a limit's name.",
    }),
  ),
})
export type NotScannedSample = Static<typeof NotScannedSample>

/** One line of the list of every file that was not scanned (NDJSON). */
export const NotScannedFile = Type.Object({
  ...NotScannedSample.properties,
  sizeBytes: Type.Integer({ minimum: 0, description: 'As it was met; 0 for what has no size.' }),
})
export type NotScannedFile = Static<typeof NotScannedFile>

/** All files in no bucket that stands for "was read and judged". */
export function notScannedTotal(coverage: Coverage): Tally {
  return NOT_SCANNED_REASONS.reduce((sum, reason) => addTally(sum, coverage.notScanned[reason]), {
    files: 0,
    bytes: 0,
  })
}

/** True when the buckets add up to what the walk met, in files and in bytes. */
export function addsUp(coverage: Coverage): boolean {
  const sum = [coverage.scanned, coverage.unchanged, coverage.duplicate].reduce(
    addTally,
    notScannedTotal(coverage),
  )
  return sum.files === coverage.met.files && sum.bytes === coverage.met.bytes
}

function addTally(a: Tally, b: Tally): Tally {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes }
}
