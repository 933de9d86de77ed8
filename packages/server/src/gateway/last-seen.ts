import type { Clock, MachineId, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { SeenMachine } from '../machine/index.ts'
import type { Stores } from '../stores.ts'

const MAX_PER_WRITE = 500

/** When machines were last heard of: noted in memory, written many at a time. */
export class LastSeen {
  readonly #stores: Stores
  readonly #clock: Clock
  readonly #logger: Logger
  #unwritten = new Map<TenantId, Map<MachineId, SeenMachine>>()

  constructor(parts: { stores: Stores; clock: Clock; logger: Logger }) {
    this.#stores = parts.stores
    this.#clock = parts.clock
    this.#logger = parts.logger
  }

  note(tenant: TenantId, machineId: MachineId): void {
    const connectedAt = this.#unwritten.get(tenant)?.get(machineId)?.connectedAt
    this.#keep(tenant, { id: machineId, at: this.#clock.now(), connectedAt })
  }

  /** A machine has a new connection: what it said in older ones was said by then. */
  noteConnected(tenant: TenantId, machineId: MachineId): void {
    const at = this.#clock.now()
    this.#keep(tenant, { id: machineId, at, connectedAt: at })
  }

  #keep(tenant: TenantId, seen: SeenMachine): void {
    const machines = this.#unwritten.get(tenant) ?? new Map<MachineId, SeenMachine>()
    this.#unwritten.set(tenant, machines.set(seen.id, seen))
  }

  /** Writes what was noted since the last time. */
  async flush(): Promise<void> {
    const unwritten = this.#unwritten
    this.#unwritten = new Map()
    const writes = [...unwritten].flatMap(([tenant, machines]) => {
      const seen = [...machines.values()]
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
