import { addMs, type Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'
import type { CallCountStore, PrincipalCallLimiter } from '../principal/index.ts'

/** A process that is killed forgets at most this long of calls. */
const EVERY_MS = 5_000
const REMOVE_EVERY_MS = 600_000
/** The longest window: what is older than it counts no more. */
const WINDOW_MS = 3_600_000
const MAX_LOADED = 50_000
/** Rows of one write, so that others do not wait long for it. */
const BATCH = 200

export type KeepCallCountsParts = {
  limiter: PrincipalCallLimiter
  callCounts: CallCountStore
  clock: Clock
  logger: Logger
}

/** Keeps the call counts of the last hour in the database, so that a restart is no way around a limit. */
export class KeepCallCounts {
  readonly #parts: KeepCallCountsParts
  readonly #repetition: Repetition
  #removedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: KeepCallCountsParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, EVERY_MS, () => this.#run())
  }

  /** Reads what was counted before, then keeps what is counted. */
  async start(): Promise<void> {
    const { limiter, callCounts } = this.#parts
    limiter.restore(await callCounts.load({ ...this.#range(), limit: MAX_LOADED }))
    this.#repetition.start()
  }

  /** Settles when all that was counted by now is kept. */
  async stop(): Promise<void> {
    await this.#repetition.stop()
    await this.#run()
  }

  async #run(): Promise<void> {
    const { limiter, callCounts, clock, logger } = this.#parts
    const changed = limiter.takeChanged()
    try {
      while (changed.length > 0) {
        await callCounts.save(changed.slice(0, BATCH))
        changed.splice(0, BATCH)
      }
      if (clock.monotonicMs() - this.#removedAtMs < REMOVE_EVERY_MS) return
      await callCounts.removeOutside(this.#range())
      this.#removedAtMs = clock.monotonicMs()
    } catch (err) {
      limiter.markChanged(changed)
      logger.error({ err }, 'call counts could not be written')
    }
  }

  /** An hour to either side: a wall clock that was set back must not keep what it thinks will happen. */
  #range() {
    const now = this.#parts.clock.now()
    return { from: addMs(now, -WINDOW_MS), to: addMs(now, WINDOW_MS) }
  }
}
