import type { Bus, Hint } from './bus.ts'

/** Ids that fit a hint of 8 kB. */
const MAX_IDS = 200

type Topic = 'machineActions' | 'wake'

/** Sends what one turn of the event loop has to hint at, in as few hints as it takes. */
export class HintBatch {
  readonly #bus: Bus
  #waiting = new Map<Topic, Map<string, Set<string>>>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  add(topic: Topic, tenant: string, id: string): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#send())
    const tenants = this.#waiting.get(topic) ?? new Map<string, Set<string>>()
    this.#waiting.set(topic, tenants)
    tenants.set(tenant, (tenants.get(tenant) ?? new Set()).add(id))
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const [topic, tenants] of waiting) {
      for (const [tenant, set] of tenants) {
        const ids = [...set]
        for (let from = 0; from < ids.length; from += MAX_IDS) {
          this.#bus.publish(hint(topic, tenant, ids.slice(from, from + MAX_IDS)))
        }
      }
    }
  }
}

function hint(topic: Topic, tenant: string, ids: readonly string[]): Hint {
  return topic === 'wake' ? { topic, tenant, machineIds: ids } : { topic, tenant, ids }
}
