import type { MachineActionId, MachineId, ScanProgress, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus } from '../kit/bus.ts'
import type { AllowedSilence } from '../scan/index.ts'
import type { Stores } from '../stores.ts'

type Unwritten = { tenant: TenantId; machineId: MachineId; actionId: MachineActionId; progress: ScanProgress }

/** Passes progress on at once, and keeps the newest of each action until it is written, many in one go. */
export class ProgressBoard {
  readonly #stores: Stores
  readonly #bus: Bus
  readonly #silence: AllowedSilence
  readonly #logger: Logger
  #unwritten = new Map<string, Unwritten>()
  #flushing: Promise<void> | undefined

  constructor(parts: { stores: Stores; bus: Bus; silence: AllowedSilence; logger: Logger }) {
    this.#stores = parts.stores
    this.#bus = parts.bus
    this.#silence = parts.silence
    this.#logger = parts.logger
  }

  note(unwritten: Unwritten): void {
    const { tenant, machineId, actionId, progress } = unwritten
    this.#unwritten.set(keyOf(tenant, actionId), unwritten)
    this.#bus.publish({ topic: 'scanProgress', tenant, machineId, actionId, progress })
  }

  /** Forgets what was said of attempts before this one: it would be written over the new one's. */
  attemptBegan(tenant: TenantId, actionId: MachineActionId, attempt: number): void {
    const key = keyOf(tenant, actionId)
    const unwritten = this.#unwritten.get(key)
    if (unwritten && unwritten.progress.attempt < attempt) this.#unwritten.delete(key)
  }

  /** Writes the newest progress of each action. One that is still on its way to disk is waited for. */
  async flush(): Promise<void> {
    await this.#flushing
    this.#flushing = this.#write([...this.#unwritten.values()])
    this.#unwritten = new Map()
    await this.#flushing
  }

  async #write(all: readonly Unwritten[]): Promise<void> {
    const results = await Promise.allSettled(
      all.map(({ tenant, machineId, actionId, progress }) =>
        this.#stores.forTenant(tenant).scans.recordProgress(machineId, actionId, progress, this.#silence),
      ),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) this.#logger.error({ err: failed.reason }, 'progress of scans was not written')
  }
}

function keyOf(tenant: TenantId, actionId: MachineActionId): string {
  return `${tenant}/${actionId}`
}
