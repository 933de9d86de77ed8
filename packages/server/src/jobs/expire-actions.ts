import type { Clock, MachineActionId, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus } from '../kit/bus.ts'
import { Repetition } from '../kit/repetition.ts'
import type { MachineActionTimeouts } from '../machine-action/index.ts'

const EVERY_MS = 30_000
/** Also what fits one hint to the other nodes. */
const BATCH = 200

export type ExpireActionsParts = {
  timeouts: MachineActionTimeouts
  bus: Bus
  clock: Clock
  logger: Logger
}

/** Ends actions whose time is over, every half minute of the clock. */
export class ExpireActions {
  readonly #parts: ExpireActionsParts
  readonly #repetition: Repetition

  constructor(parts: ExpireActionsParts) {
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
    const { timeouts, clock, logger } = this.#parts
    try {
      const now = clock.now()
      while (!this.#repetition.isStopped) {
        const ended = await timeouts.expire(now, BATCH)
        this.#publish(ended)
        if (ended.length > 0) logger.info({ actions: ended.length }, 'machine actions timed out')
        if (ended.length < BATCH) return
      }
    } catch (err) {
      // Whatever is due now is still due at the next run.
      logger.error({ err }, 'time-outs could not be written')
    }
  }

  #publish(ended: readonly { tenant: TenantId; action: { id: MachineActionId } }[]): void {
    for (const [tenant, group] of Map.groupBy(ended, ({ tenant }) => tenant)) {
      const ids = group.map(({ action }) => action.id)
      this.#parts.bus.publish({ topic: 'machineActions', tenant, ids })
    }
  }
}
