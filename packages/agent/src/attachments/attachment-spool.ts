import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, syncFolder } from '../os/durable-file.ts'

/** What waits to be sent, at most; the oldest goes first. */
const MAX_FILES = 50
const MAX_BYTES = 256 * 1024 * 1024

const NAME = /^([0-9a-fA-F-]{36})\.([0-9a-f]{64})\.gz$/

/** A list that waits to be sent. */
export type SpooledList = { actionId: string; sha256: string; path: string; bytes: number }

/**
 * Lists of files that scans left out, which wait until the server has them. The name of a file is all there is to know
 * of it, so a kill at any moment loses nothing that was kept.
 */
export class AttachmentSpool {
  readonly #folder: string

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'attachments')
  }

  /** Takes a file over, from the same file system. One that is not there is none: it was taken before. */
  keep(actionId: string, sha256: string, file: string): void {
    if (!existsSync(file)) return
    makePrivateFolder(this.#folder)
    renameSync(file, join(this.#folder, `${actionId}.${sha256}.gz`))
    syncFolder(this.#folder)
    this.#makeRoom()
  }

  /** What waits, the oldest first. */
  list(): SpooledList[] {
    if (!existsSync(this.#folder)) return []
    const found = readdirSync(this.#folder).flatMap((name) => {
      const [, actionId, sha256] = NAME.exec(name) ?? []
      if (actionId === undefined || sha256 === undefined) return []
      const path = join(this.#folder, name)
      const { size, mtimeMs } = statSync(path)
      return [{ actionId, sha256, path, bytes: size, mtimeMs }]
    })
    return found.toSorted((a, b) => a.mtimeMs - b.mtimeMs).map(({ mtimeMs: _, ...list }) => list)
  }

  drop({ path }: SpooledList): void {
    rmSync(path, { force: true })
  }

  #makeRoom(): void {
    const lists = this.list()
    let bytes = lists.reduce((sum, list) => sum + list.bytes, 0)
    for (const [index, list] of lists.entries()) {
      if (lists.length - index <= MAX_FILES && bytes <= MAX_BYTES) return
      this.drop(list)
      bytes -= list.bytes
    }
  }
}
