import type { InstantSource } from '../instant-source.ts'
import { DatabaseBusyError } from './database.ts'
import type { BatchResult, Command, StampedCommand } from './write.ts'

const MAX_BATCH = 1_000
const MAX_WAITING = 50_000
/** One batch is on its way to disk while the next one is built. */
const MAX_IN_FLIGHT = 2

type Waiting = { command: Command; resolve: (outcome: unknown) => void; reject: (error: Error) => void }

/**
 * Groups writes: whatever has gathered while the disk was busy goes out as one transaction, so that many callers share
 * one sync. Each caller hears of its own command only, and only after the commit.
 */
export class Flusher {
  readonly #execute: (batch: readonly StampedCommand[]) => Promise<readonly BatchResult[]>
  readonly #instants: InstantSource
  #waiting: Waiting[] = []
  #inFlight = 0
  #idle: (() => void)[] = []

  constructor(execute: Flusher['execute'], instants: InstantSource) {
    this.#execute = execute
    this.#instants = instants
  }

  /** Runs one batch in one transaction; rejects only when nothing of it was committed. */
  get execute(): (batch: readonly StampedCommand[]) => Promise<readonly BatchResult[]> {
    return this.#execute
  }

  /** @throws DatabaseBusyError when too many wait already */
  submit(command: Command): Promise<unknown> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new DatabaseBusyError())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject })
      // After the current turn, so that everything this turn submits shares the batch.
      if (this.#waiting.length === 1) setImmediate(() => this.#flush())
    })
  }

  /** Stamps a batch that came as one, for a transaction of its own. */
  stamp(commands: readonly Command[]): StampedCommand[] {
    return commands.map((command) => ({ command, at: this.#instants.next() }))
  }

  /** Settles when nothing waits and nothing is on its way. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#inFlight > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve))
    }
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight < MAX_IN_FLIGHT) {
      const taken = this.#waiting.splice(0, MAX_BATCH)
      this.#inFlight += 1
      void this.#run(taken).finally(() => {
        this.#inFlight -= 1
        this.#flush()
        for (const resolve of this.#idle.splice(0)) resolve()
      })
    }
  }

  async #run(taken: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#execute(this.stamp(taken.map(({ command }) => command)))
      taken.forEach(({ command, resolve, reject }, index) => {
        const result = results[index]
        if (result === undefined) reject(new Error(`The database gave no outcome for ${command.kind}.`))
        else if ('error' in result) reject(new Error(`${command.kind}: ${result.error}`))
        else resolve(result.outcome)
      })
    } catch (cause) {
      for (const { command, reject } of taken) {
        reject(new Error(`${command.kind} was not written.`, { cause }))
      }
    }
  }
}
