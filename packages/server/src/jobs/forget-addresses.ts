import { addMs, type Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'
import { ADDRESSES_KEPT_MS, type OldAddresses } from '../machine/index.ts'

const EVERY_MS = 3_600_000
/** Whoever may still ask for a moment may also ask for what was a quarter of an hour before it. */
const SPARE_MS = 3_600_000
/** Rows of one write, so that others do not wait long for it. */
const BATCH = 500

export type ForgetAddressesParts = { oldAddresses: OldAddresses; clock: Clock; logger: Logger }

/** Removes addresses that machines had more than 30 days ago, every hour. */
export class ForgetAddresses {
  readonly #parts: ForgetAddressesParts
  readonly #repetition: Repetition

  constructor(parts: ForgetAddressesParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, EVERY_MS, () => this.#run())
  }

  start(): void {
    this.#repetition.start()
  }

  /** Settles when a run that has begun is over. */
  stop(): Promise<void> {
    return this.#repetition.stop()
  }

  async #run(): Promise<void> {
    const { oldAddresses, clock, logger } = this.#parts
    const before = addMs(clock.now(), -ADDRESSES_KEPT_MS - SPARE_MS)
    try {
      while (!this.#repetition.isStopped && (await oldAddresses.forget(before, BATCH)) === BATCH);
    } catch (err) {
      // Whatever is due now is still due at the next run.
      logger.error({ err }, 'old addresses of machines could not be removed')
    }
  }
}
