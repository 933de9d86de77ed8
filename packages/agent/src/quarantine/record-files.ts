import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, syncFolder, writeDurably } from '../os/durable-file.ts'
import { parseRecord, type QuarantineRecord } from './quarantine-record.ts'

const RECORD = '.json'
const COPY = '.sealed'
const KEY_BYTES = 32

/** The folder of the quarantine: a key, and a record and an encrypted copy of each file. Readable by its owner only. */
export class RecordFiles {
  readonly #folder: string
  readonly key: Buffer

  constructor(folder: string) {
    this.#folder = folder
    makePrivateFolder(folder)
    this.key = this.#loadKey()
  }

  copyPath(id: string): string {
    return join(this.#folder, `${id}${COPY}`)
  }

  /** On disk when this returns. */
  write(record: QuarantineRecord): void {
    writeDurably(join(this.#folder, `${record.id}${RECORD}`), JSON.stringify(record))
  }

  find(id: string): QuarantineRecord | undefined {
    const path = join(this.#folder, `${id}${RECORD}`)
    return /^[0-9a-f-]{36}$/.test(id) && existsSync(path)
      ? parseRecord(readFileSync(path, 'utf8'))
      : undefined
  }

  /** All of them, the oldest first. */
  list(): QuarantineRecord[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(RECORD) && !name.startsWith('.'))
      .flatMap((name) => this.find(name.slice(0, -RECORD.length)) ?? [])
      .sort((a, b) => a.takenAtMs - b.takenAtMs)
  }

  /** Puts the names of new copies on disk. */
  sync(): void {
    syncFolder(this.#folder)
  }

  dropCopy(id: string): void {
    rmSync(this.copyPath(id), { force: true })
    this.sync()
  }

  /** The copy goes first: a copy without a record would stay for ever. */
  drop(id: string): void {
    this.dropCopy(id)
    rmSync(join(this.#folder, `${id}${RECORD}`), { force: true })
    this.sync()
  }

  /** What all copies take. */
  bytes(): number {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(COPY))
      .reduce((sum, name) => sum + statSync(join(this.#folder, name)).size, 0)
  }

  #loadKey(): Buffer {
    const path = join(this.#folder, 'key')
    if (!existsSync(path)) writeDurably(path, randomBytes(KEY_BYTES).toString('hex'))
    const key = Buffer.from(readFileSync(path, 'utf8'), 'hex')
    if (key.length !== KEY_BYTES) throw new Error(`${path} does not hold the key of the quarantine.`)
    return key
  }
}
