import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, syncFolder } from '../os/durable-file.ts'

/** A file is set aside when it has grown so large. */
const MAX_FILE_BYTES = 1024 * 1024
/** Files set aside that are kept; the oldest goes first. */
const KEPT = 4

/** The files of the local log in a state folder: the one that grows, and those set aside. Readable by their owner only. */
export class LogFiles {
  readonly #folder: string
  readonly #maxBytes: number

  constructor(stateDir: string, maxBytes = MAX_FILE_BYTES) {
    this.#folder = join(stateDir, 'log')
    this.#maxBytes = maxBytes
  }

  /** Adds a line. It is on disk when this returns. */
  append(line: string): void {
    makePrivateFolder(this.#folder)
    const isNew = !existsSync(this.#path(0))
    const file = openSync(this.#path(0), 'a+', 0o600)
    let bytes: number
    try {
      const { size } = fstatSync(file)
      // What a power cut left of a line must not swallow this one.
      writeSync(file, `${size > 0 && !endsLine(file, size) ? '\n' : ''}${line}\n`)
      fsyncSync(file)
      bytes = fstatSync(file).size
    } finally {
      closeSync(file)
    }
    if (bytes > this.#maxBytes) this.#setAside()
    if (isNew || bytes > this.#maxBytes) syncFolder(this.#folder)
  }

  /** All lines, the oldest first. */
  *lines(): Generator<string> {
    for (let number = KEPT; number >= 0; number--) {
      const path = this.#path(number)
      if (existsSync(path)) yield* readFileSync(path, 'utf8').split('\n')
    }
  }

  #setAside(): void {
    for (let number = KEPT - 1; number >= 0; number--) {
      if (existsSync(this.#path(number))) renameSync(this.#path(number), this.#path(number + 1))
    }
  }

  #path(number: number): string {
    return join(this.#folder, number === 0 ? 'asked.jsonl' : `asked.${number}.jsonl`)
  }
}

function endsLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0] === 0x0a
}
