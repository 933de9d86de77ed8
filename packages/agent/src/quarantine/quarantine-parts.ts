import { type Clock, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import type { MountTable } from '../os/mount-table.ts'
import { errorCode } from '../scan/error-code.ts'
import type { FileAttributes } from './file-attributes.ts'
import type { QuarantineRecord } from './quarantine-record.ts'
import type { RecordFiles } from './record-files.ts'
import { SealError } from './sealed-copy.ts'

/** Moments at which the power may go; what is on disk at each of them loses nothing. */
export const STEPS = [
  'copyBegun',
  'copied',
  'removing',
  'setAside',
  'removed',
  'restoring',
  'written',
  'placing',
  'placed',
  'restored',
] as const
export type Step = (typeof STEPS)[number]

export type QuarantineParts = {
  /** Made where it is missing. */
  folder: string
  /** Folders of agent and engine, without links on the way: nothing in them is ever taken. */
  ownFolders: readonly string[]
  attributes: FileAttributes
  readMounts: () => MountTable
  packageOwner: (path: Buffer) => Promise<string | undefined>
  clock: Clock
  newId: () => string
  /** What all copies together may take. */
  maxBytes: number
  /** After so long a copy is deleted for good. */
  keepDays: number
  onStep?: (step: Step) => void
}

export type TakeRequest = {
  path: Buffer
  /** `markOf` the file that was judged; another file in its place is left alone. */
  mark?: string
  /** Of the content that was judged. */
  sha256?: string
  threatName: string
  actionId: string | null
  /** Person, application or policy. */
  takenBy: string
  /** Takes a file even if a package manager put it there. */
  force?: boolean
}

export type RestoreRequest = {
  id: string
  /** Another place than where it was. */
  to?: Buffer
  /** Replaces a file that is there. */
  overwrite?: boolean
}

/** `why` is a sentence for people. */
export type Refused = { kind: 'refused'; why: string }
export type Taken = { kind: 'quarantined'; record: QuarantineRecord } | Refused
/** `missing` names the attributes that the system did not take back. */
export type Restored = { kind: 'restored'; record: QuarantineRecord; missing: string[] } | Refused

/** What every way in and out works with. */
export type QuarantineRoom = { parts: QuarantineParts; files: RecordFiles }

/** Why something is not done, as a sentence for people. */
export class Refusal extends Error {}

export function nowMs({ clock }: Pick<QuarantineParts, 'clock'>): number {
  return Math.floor(clock.now() / MICROSECONDS_PER_MS)
}

export function refused(error: unknown): Refused {
  if (error instanceof Refusal || error instanceof SealError) return { kind: 'refused', why: error.message }
  const code = errorCode(error)
  if (code === 'EEXIST') return { kind: 'refused', why: 'There is a file of that name already.' }
  return { kind: 'refused', why: `The system does not let it happen (${code}).` }
}
