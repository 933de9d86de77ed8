import type { Clock, Instant, MachineActionId, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus } from '../kit/bus.ts'
import { Repetition } from '../kit/repetition.ts'

const EVERY_MS = 30_000
/** Also what fits one hint to the other nodes. */
const BATCH = 200

type Ended = readonly { tenant: TenantId; action: { id: MachineActionId } }[]

export type ExpireActionsParts = {
  /** Each ends what is due of one kind, at most so many. */
  timeouts: readonly { expire(now: Instant, limit: number): Promise<Ended> }[]
  bus: Bus
  clock: Clock
  logger: Logger
}

/** Ends actions and tasks whose time is over, every half minute of the clock. */
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
      for (const kind of timeouts) {
        for (let ended = BATCH; ended === BATCH && !this.#repetition.isStopped; ) {
          const actions = await kind.expire(now, BATCH)
          ended = actions.length
          this.#publish(actions)
          if (ended > 0) logger.info({ actions: ended }, 'machine actions timed out')
        }
      }
    } catch (err) {
      // Whatever is due now is still due at the next run.
      logger.error({ err }, 'time-outs could not be written')
    }
  }

  #publish(ended: Ended): void {
    for (const [tenant, group] of Map.groupBy(ended, ({ tenant }) => tenant)) {
      const ids = group.map(({ action }) => action.id)
      this.#parts.bus.publish({ topic: 'machineActions', tenant, ids })
    }
  }
}
