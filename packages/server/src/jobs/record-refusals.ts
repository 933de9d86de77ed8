import type { Clock, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { type AuditStore, type RefusalTally, type RefusedCalls, refusalEntry } from '../audit/index.ts'
import { Repetition } from '../kit/repetition.ts'

/** Minutes that are over are looked for so often. */
const EVERY_MS = 15_000
/** Entries of one write. */
const BATCH = 50

export type RecordRefusalsParts = {
  refusals: RefusalTally
  auditOf: (tenant: TenantId) => AuditStore
  clock: Clock
  logger: Logger
  newId: () => string
}

/** Writes refused calls to the audit: one entry for each principal, route, code and minute. */
export class RecordRefusals {
  readonly #parts: RecordRefusalsParts
  readonly #repetition: Repetition

  constructor(parts: RecordRefusalsParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, EVERY_MS, () => this.#run('over'))
  }

  start(): void {
    this.#repetition.start()
  }

  /** Settles when also those of the minute that goes on are written. */
  async stop(): Promise<void> {
    await this.#repetition.stop()
    await this.#run('all')
  }

  async #run(which: 'over' | 'all'): Promise<void> {
    const { refusals, logger } = this.#parts
    const { tallies, beyond } = refusals.take(which)
    if (beyond > 0) logger.warn({ calls: beyond }, 'more refused calls than the audit tells apart')
    for (const [tenant, calls] of Map.groupBy(tallies, (tally) => tally.tenant)) {
      for (let from = 0; from < calls.length; from += BATCH) {
        await this.#record(tenant, calls.slice(from, from + BATCH))
      }
    }
  }

  async #record(tenant: TenantId, calls: readonly RefusedCalls[]): Promise<void> {
    const { refusals, auditOf, logger, newId } = this.#parts
    try {
      await auditOf(tenant).record(calls.map((one) => refusalEntry(one, newId())))
    } catch (err) {
      refusals.giveBack(calls)
      logger.error({ err, tenant }, 'refused calls could not be written to the audit')
    }
  }
}
