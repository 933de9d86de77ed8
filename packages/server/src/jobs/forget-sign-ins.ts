import { addMs, type Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'
import { type ExpiredArtifacts, FORGET_AFTER_MS, type StaleThrottles } from '../sign-in/index.ts'

const EVERY_MS = 60_000
/** Whoever comes with something that expired lately is told so, and not that it never was. */
const EXPIRED_FOR_MS = 3_600_000
const BATCH = 500

export type ForgetSignInsParts = {
  artifacts: ExpiredArtifacts
  throttles: StaleThrottles
  clock: Clock
  logger: Logger
}

/** Removes what is left of sign-ins that expired, and of failures that do not count any more, every minute. */
export class ForgetSignIns {
  readonly #parts: ForgetSignInsParts
  readonly #repetition: Repetition

  constructor(parts: ForgetSignInsParts) {
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
    const { artifacts, throttles, clock, logger } = this.#parts
    const now = clock.now()
    try {
      await untilFew(() => artifacts.removeExpired(addMs(now, -EXPIRED_FOR_MS), BATCH))
      await untilFew(() => throttles.forget(addMs(now, -FORGET_AFTER_MS), BATCH))
    } catch (err) {
      // Whatever is due now is still due at the next run.
      logger.error({ err }, 'expired sign-ins could not be removed')
    }
  }
}

async function untilFew(remove: () => Promise<number>): Promise<void> {
  while ((await remove()) === BATCH);
}
