import { joinPath } from './reach-path.ts'

/** Names of folders that wait; about five million of usual length. */
const MAX_BYTES = 64 * 1024 * 1024
const FIRST_BYTES = 256

export type PendingFolder = { path: Buffer; excluded: string | undefined }

/** The folders in one folder that are still to be visited; their names are kept in one piece, each ended by a NUL. */
type Frame = { parent: Buffer; excluded: string | undefined; names: Buffer; at: number; end: number }

/**
 * The folders that a walk has met and not visited yet, the deepest first and in the order in which they were met.
 *
 * Anybody may make a folder with millions of folders in it, so only names are held, and no more than a fixed amount.
 */
export class PendingFolders {
  readonly #maxBytes: number
  readonly #frames: Frame[] = []
  #bytes = 0

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** Names that are added from now on lie in this folder. */
  enter({ path, excluded }: PendingFolder): void {
    const top = this.#frames.at(-1)
    if (top && top.at === top.end) this.#drop()
    this.#frames.push({ parent: path, excluded, names: Buffer.alloc(0), at: 0, end: 0 })
  }

  /** @returns false when there is no room for more */
  add(name: Buffer): boolean {
    const frame = this.#frames.at(-1)
    const bytes = name.length + 1
    if (!frame || this.#bytes + bytes > this.#maxBytes) return false
    if (frame.end + bytes > frame.names.length) frame.names = grow(frame.names, frame.end + bytes)
    frame.end += name.copy(frame.names, frame.end)
    frame.names[frame.end++] = 0
    this.#bytes += bytes
    return true
  }

  /** The folder to visit next. */
  take(): PendingFolder | undefined {
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      if (frame.at < frame.end) {
        const stop = frame.names.indexOf(0, frame.at)
        const path = joinPath(frame.parent, frame.names.subarray(frame.at, stop))
        frame.at = stop + 1
        return { path, excluded: frame.excluded }
      }
      this.#drop()
    }
    return undefined
  }

  #drop(): void {
    this.#bytes -= this.#frames.pop()?.end ?? 0
  }
}

function grow(names: Buffer, atLeast: number): Buffer {
  const larger = Buffer.alloc(Math.max(FIRST_BYTES, names.length * 2, atLeast))
  names.copy(larger)
  return larger
}
