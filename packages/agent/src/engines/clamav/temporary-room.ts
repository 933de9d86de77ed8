import { statfsSync } from 'node:fs'

/** What the file system of the temporary folder must have left. */
export type NeededRoom = { bytes: number; files: number }

const NEEDED: NeededRoom = { bytes: 16 * 1024 * 1024, files: 64 }

/**
 * Whether clamd can write its temporary files.
 *
 * It unpacks archives, mails and pages into them, and where it cannot it calls many of them clean: of 43 files that hold
 * a test pattern in one wrapping or another it called 20 clean on a full disk, and every file where no more files could
 * be made. It tells of most such failures in what it prints, and in no verdict.
 */
export class TemporaryRoom {
  #failures = 0
  #folder: string | undefined

  /** Counts what clamd said it could not write. */
  get failures(): number {
    return this.#failures
  }

  /** From now on this folder is meant. */
  use(folder: string): void {
    this.#folder = folder
  }

  /** Takes one line of what clamd prints. */
  hear(line: string): void {
    if (isWriteFailure(line)) this.#failures++
  }

  /** Why a clean verdict is not to be believed now; undefined when all is well. */
  lack(): string | undefined {
    return this.#folder === undefined ? undefined : lackOfRoom(this.#folder)
  }
}

/** Why clamd should not work in a folder; undefined when it may. */
export function lackOfRoom(folder: string, needed: NeededRoom = NEEDED): string | undefined {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder)
    // Some file systems, such as btrfs, count no files and say 0 of 0.
    if (bavail * bsize >= needed.bytes && (files === 0 || ffree >= needed.files)) return undefined
    return `the engine's temporary folder ${folder} is full`
  } catch (error) {
    return `the engine's temporary folder is not there: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What libclamav prints when a temporary file or folder could not be made or written. */
export function isWriteFailure(line: string): boolean {
  return /^LibClamAV Error: .*(?:No space left on device|quota exceeded|write error|Can't create)/i.test(line)
}
