import { addMs, type Clock, type Instant } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'

/** Rows of one write, so that others do not wait long for it. */
const BATCH = 500

/** Rows that are of no use when they are as old as this. */
export type Old = {
  keptForMs: number
  /** Removes those that are older, at most so many. @returns how many it removed */
  forget: (before: Instant, limit: number) => Promise<number>
}

export type ForgetOldParts = {
  everyMs: number
  old: readonly Old[]
  /** What the log calls them. */
  called: string
  clock: Clock
  logger: Logger
}

/** Removes what is too old, again and again, so that nothing grows for ever. */
export class ForgetOld {
  readonly #parts: ForgetOldParts
  readonly #repetition: Repetition

  constructor(parts: ForgetOldParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, parts.everyMs, () => this.#run())
  }

  start(): void {
    this.#repetition.start()
  }

  /** Settles when a run that has begun is over. */
  stop(): Promise<void> {
    return this.#repetition.stop()
  }

  async #run(): Promise<void> {
    const { old, called, clock, logger } = this.#parts
    const now = clock.now()
    try {
      for (const { keptForMs, forget } of old) {
        const before = addMs(now, -keptForMs)
        while (!this.#repetition.isStopped && (await forget(before, BATCH)) === BATCH);
      }
    } catch (err) {
      // Whatever is old now is still old at the next run.
      logger.error({ err }, `${called} could not be removed`)
    }
  }
}
