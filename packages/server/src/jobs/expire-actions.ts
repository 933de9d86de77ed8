import type { Clock, MachineActionId, TenantId, Timer } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus } from '../kit/bus.ts'
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
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(parts: ExpireActionsParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = this.#parts.clock.setTimer(EVERY_MS, () => {
      this.#running = this.#run().finally(() => {
        if (!this.#isStopped) this.start()
      })
    })
  }

  /** Settles when a run that has begun is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }

  async #run(): Promise<void> {
    const { timeouts, clock, logger } = this.#parts
    try {
      const now = clock.now()
      while (!this.#isStopped) {
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
