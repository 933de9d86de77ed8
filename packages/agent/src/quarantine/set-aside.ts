import { type BigIntStats, fsyncSync, linkSync, lstatSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { errorCode } from '../scan/error-code.ts'
import { type OpenFolder, openPrivateFolder } from './open-folder.ts'

/**
 * A hidden folder beside a file, on the same file system, that only we can enter: what was moved in there cannot be
 * exchanged between looking at it and deleting it, whoever may write to the folder around it.
 */
export class SetAside implements Disposable {
  readonly #parent: OpenFolder
  readonly #name: string
  readonly #folder: OpenFolder
  /** Where the one file in here is, or goes. */
  readonly path: Buffer

  private constructor(parent: OpenFolder, name: string, folder: OpenFolder) {
    this.#parent = parent
    this.#name = name
    this.#folder = folder
    this.path = folder.at('file')
  }

  /** Makes it, or opens the one of the same id that is there. */
  static open(parent: OpenFolder, id: string): SetAside {
    const name = `.fleetsweep-${id}`
    return new SetAside(parent, name, openPrivateFolder(parent, name))
  }

  /** What is in here; `undefined` when nothing is. */
  stats(): BigIntStats | undefined {
    return lstatSync(this.path, { bigint: true, throwIfNoEntry: false })
  }

  drop(): void {
    rmSync(this.path, { force: true })
  }

  /** Gives back what is in here, under its name or, where that is taken, under one made of it. Replaces nothing. */
  putBack(name: Buffer): void {
    const spare = Buffer.concat([name.subarray(0, 200), Buffer.from(this.#name)])
    for (const candidate of [name, spare]) {
      if (lstatSync(this.#parent.at(candidate), { throwIfNoEntry: false }) !== undefined) continue
      if (this.stats()?.isDirectory()) {
        renameSync(this.path, this.#parent.at(candidate))
        return
      }
      try {
        linkSync(this.path, this.#parent.at(candidate))
      } catch (error) {
        if (errorCode(error) === 'EEXIST') continue
        throw error
      }
      this.drop()
      return
    }
  }

  /** Goes if nothing is left in it; what was done in the folder around it is on disk then. */
  [Symbol.dispose](): void {
    try {
      rmdirSync(this.#parent.at(this.#name))
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error
    } finally {
      this.#folder[Symbol.dispose]()
    }
    fsyncSync(this.#parent.descriptor)
  }
}
