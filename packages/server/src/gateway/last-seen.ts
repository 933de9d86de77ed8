import type { Clock, Instant, MachineId, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Stores } from '../stores.ts'

const MAX_PER_WRITE = 500

/** When machines were last heard of: noted in memory, written many at a time. */
export class LastSeen {
  readonly #stores: Stores
  readonly #clock: Clock
  readonly #logger: Logger
  #unwritten = new Map<TenantId, Map<MachineId, Instant>>()

  constructor(parts: { stores: Stores; clock: Clock; logger: Logger }) {
    this.#stores = parts.stores
    this.#clock = parts.clock
    this.#logger = parts.logger
  }

  note(tenant: TenantId, machineId: MachineId): void {
    const machines = this.#unwritten.get(tenant) ?? new Map<MachineId, Instant>()
    this.#unwritten.set(tenant, machines.set(machineId, this.#clock.now()))
  }

  /** Writes what was noted since the last time. */
  async flush(): Promise<void> {
    const unwritten = this.#unwritten
    this.#unwritten = new Map()
    const writes = [...unwritten].flatMap(([tenant, machines]) => {
      const seen = [...machines].map(([id, at]) => ({ id, at }))
      const { machines: store } = this.#stores.forTenant(tenant)
      const batches = Array.from({ length: Math.ceil(seen.length / MAX_PER_WRITE) }, (_, index) =>
        seen.slice(index * MAX_PER_WRITE, (index + 1) * MAX_PER_WRITE),
      )
      return batches.map((batch) => store.recordSeen(batch))
    })
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected')
    if (failed) this.#logger.error({ err: failed.reason }, 'when machines were last seen was not written')
  }
}
