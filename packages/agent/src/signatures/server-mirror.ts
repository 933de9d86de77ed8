import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SIGNATURES_PATH } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import type { Identity } from '../enrollment/identity.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import { makePrivateFolder, writeDurably } from '../os/durable-file.ts'
import { parseJson } from '../os/parse-json.ts'

/** Where freshclam is to fetch, and whom it is to believe besides those of the system; null for nobody else. */
export type MirrorPlace = { mirror: string; caPem: string | null }

const Told = new LazySchema(Type.Object({ serverId: Type.String(), isThere: Type.Boolean() }))

/**
 * Whether the server of this machine is a mirror of signatures, as it said last; kept over a restart. Where that is
 * follows from the enrollment alone: nothing that a server says leads this machine anywhere else.
 */
export class ServerMirror {
  readonly #path: string
  readonly #identity: Pick<Identity, 'serverId' | 'serverUrl' | 'caPem'>
  #isThere: boolean

  constructor(stateDir: string, identity: Pick<Identity, 'serverId' | 'serverUrl' | 'caPem'>) {
    const folder = join(stateDir, 'signatures')
    makePrivateFolder(folder)
    this.#path = join(folder, 'server-mirror.json')
    this.#identity = identity
    this.#isThere = this.#read()
  }

  /** Undefined while the server is none. */
  get place(): MirrorPlace | undefined {
    const { serverUrl, caPem } = this.#identity
    return this.#isThere ? { mirror: new URL(SIGNATURES_PATH, serverUrl).href, caPem } : undefined
  }

  note(isThere: boolean): void {
    if (isThere === this.#isThere) return
    this.#isThere = isThere
    writeDurably(this.#path, JSON.stringify({ serverId: this.#identity.serverId, isThere }))
  }

  #read(): boolean {
    try {
      const value = parseJson(readFileSync(this.#path, 'utf8'))
      // What another server said is no word about this one.
      return Told.Check(value) && value.serverId === this.#identity.serverId && value.isThere
    } catch {
      return false
    }
  }
}
