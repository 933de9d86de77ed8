import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Timer } from '@fleetsweep/protocol'
import { LazySchema } from '../kit/lazy-schema.ts'
import { replaceFile } from '../os/durable-file.ts'
import { parseJson } from '../os/parse-json.ts'
import { AgentStatus } from './agent-status.ts'

const WRITE_INTERVAL_MS = 500

const agentStatus = new LazySchema(AgentStatus)

/**
 * Keeps a file up to date that says what the agent does, readable by its owner only. It is replaced as a whole, so a
 * reader never sees half of one; it need not survive a power cut.
 */
export class StatusFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #read: () => AgentStatus
  #timer: Timer | undefined
  #written = ''
  #isClosed = false

  constructor(stateDir: string, clock: Clock, read: () => AgentStatus) {
    this.#path = statusPath(stateDir)
    this.#clock = clock
    this.#read = read
  }

  /** Something may have changed. */
  touch(): void {
    if (this.#isClosed) return
    this.#timer ??= this.#clock.setTimer(WRITE_INTERVAL_MS, () => {
      this.#timer = undefined
      this.#write()
    })
  }

  /** The agent ends, and its file goes. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    rmSync(this.#path, { force: true })
  }

  #write(): void {
    const text = JSON.stringify(this.#read())
    if (text === this.#written) return
    writeFileSync(`${this.#path}.tmp`, text, { mode: 0o600 })
    replaceFile(`${this.#path}.tmp`, this.#path)
    this.#written = text
  }
}

/** What the agent of a state folder last said; `undefined` when it said nothing that this version understands. */
export function readStatusFile(stateDir: string): AgentStatus | undefined {
  const path = statusPath(stateDir)
  if (!existsSync(path)) return undefined
  const status = parseJson(readFileSync(path, 'utf8'))
  return agentStatus.Check(status) ? status : undefined
}

function statusPath(stateDir: string): string {
  return join(stateDir, 'status.json')
}
