import { addMs, type Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'
import type { WebhookOutbox } from '../webhook/index.ts'

const EVERY_MS = 600_000
/** Also of what still waits: a webhook that is disabled for so long gets it no more. */
const KEPT_FOR_MS = 30 * 86_400_000
/** Rows of one write, so that others do not wait long for it. */
const BATCH = 500

export type ForgetWebhookDeliveriesParts = { outbox: WebhookOutbox; clock: Clock; logger: Logger }

/** Removes deliveries of webhooks after thirty days, so that their log does not grow for ever. */
export class ForgetWebhookDeliveries {
  readonly #parts: ForgetWebhookDeliveriesParts
  readonly #repetition: Repetition

  constructor(parts: ForgetWebhookDeliveriesParts) {
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
    const { outbox, clock, logger } = this.#parts
    const before = addMs(clock.now(), -KEPT_FOR_MS)
    try {
      while (!this.#repetition.isStopped && (await outbox.forget(before, BATCH)) === BATCH);
    } catch (err) {
      // Whatever is old now is still old at the next run.
      logger.error({ err }, 'old webhook deliveries could not be removed')
    }
  }
}
