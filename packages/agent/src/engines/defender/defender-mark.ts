import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock, StopProof } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { delay } from '../../kit/delay.ts'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { makePrivateFolder, writeDurably } from '../../os/durable-file.ts'
import { parseJson } from '../../os/parse-json.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../os/process-identity.ts'
import type { DefenderEngine } from './defender-engine.ts'

const Mark = Type.Union([
  Type.Object({ pid: Type.Integer(), startTicks: Type.String(), bootId: Type.String() }),
  Type.Null(),
])
const mark = new LazySchema(Mark)
const ASK_AGAIN_MS = 2_000

/** Remembers on disk that Defender scans for us: the scan outlives an agent that is killed. */
export class DefenderMark {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** @param pid of the program that waits for the scan */
  set(pid: number | undefined): void {
    makePrivateFolder(dirname(this.#path))
    writeDurably(this.#path, JSON.stringify((pid === undefined ? undefined : identifyProcess(pid)) ?? null))
  }

  clear(): void {
    rmSync(this.#path, { force: true })
  }

  /**
   * Stops what an agent that was killed left scanning: asks Defender, until the program that waited for the scan is
   * gone. Where the system does not say which process that was (all but Linux), Defender's answer has to do.
   */
  async endLeftover(engine: DefenderEngine, clock: Clock): Promise<StopProof> {
    if (!existsSync(this.#path)) return 'neverStarted'
    const process = this.#read()
    await engine.cancelScan()
    while (process && isSameProcess(process, identifyProcess(process.pid))) {
      await delay(clock, ASK_AGAIN_MS)
      await engine.cancelScan()
    }
    this.clear()
    return 'queueEmpty'
  }

  #read(): ProcessIdentity | null {
    const content = parseJson(readFileSync(this.#path, 'utf8'))
    return mark.Check(content) ? content : null
  }
}
