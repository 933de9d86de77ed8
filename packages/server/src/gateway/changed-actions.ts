import type { MachineActionId, TenantId } from '@fleetsweep/protocol'
import type { Bus } from '../kit/bus.ts'

/** Ids that fit a hint of 8 kB. */
const MAX_PER_HINT = 200

/** Tells the bus which actions changed, all of one turn of the event loop in one hint. */
export class ChangedActions {
  readonly #bus: Bus
  #changed = new Map<TenantId, Set<MachineActionId>>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  add(tenant: TenantId, id: MachineActionId): void {
    if (this.#changed.size === 0) setImmediate(() => this.#publish())
    const ids = this.#changed.get(tenant) ?? new Set()
    this.#changed.set(tenant, ids.add(id))
  }

  #publish(): void {
    const changed = this.#changed
    this.#changed = new Map()
    for (const [tenant, set] of changed) {
      const ids = [...set]
      for (let from = 0; from < ids.length; from += MAX_PER_HINT) {
        this.#bus.publish({ topic: 'machineActions', tenant, ids: ids.slice(from, from + MAX_PER_HINT) })
      }
    }
  }
}
