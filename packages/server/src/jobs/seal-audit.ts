import { type Clock, formatInstant, type TenantId, writeNotedHead } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { type AuditBacklog, type AuditSealerParts, sealAudit } from '../audit/index.ts'
import { Repetition } from '../kit/repetition.ts'

const EVERY_MS = 1_000
/** How often a head goes to the log: whoever keeps the log elsewhere then has heads to verify with. */
const NOTE_EVERY_MS = 3_600_000

export type SealAuditParts = AuditSealerParts & { backlog: AuditBacklog; clock: Clock; logger: Logger }

/** Seals what is new in the audit of every tenant, every second of the clock, and what is there at the end. */
export class SealAudit {
  readonly #parts: SealAuditParts
  readonly #repetition: Repetition
  readonly #notedAtMs = new Map<TenantId, number>()

  constructor(parts: SealAuditParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, EVERY_MS, () => this.#run())
  }

  start(): void {
    this.#repetition.start()
  }

  /** Settles when all that is committed by now is sealed. */
  async stop(): Promise<void> {
    await this.#repetition.stop()
    await this.#run()
  }

  async #run(): Promise<void> {
    const { backlog, logger } = this.#parts
    try {
      for (const tenant of await backlog.tenants()) await this.#seal(tenant)
    } catch (err) {
      logger.error({ err }, 'the audit could not be read for sealing')
    }
  }

  async #seal(tenant: TenantId): Promise<void> {
    const { clock, logger } = this.#parts
    try {
      const head = await sealAudit(this.#parts, tenant)
      const nowMs = clock.monotonicMs()
      const notedAtMs = this.#notedAtMs.get(tenant)
      if (!head || (notedAtMs !== undefined && nowMs - notedAtMs < NOTE_EVERY_MS)) return
      this.#notedAtMs.set(tenant, nowMs)
      const signedAt = formatInstant(head.signedAt)
      logger.info({ tenant, head: writeNotedHead(head), signedAt }, 'head of the audit chain')
    } catch (err) {
      // Of one tenant: the others are sealed all the same. What is not sealed now is sealed with the next run.
      logger.error({ err, tenant }, 'the audit could not be sealed')
    }
  }
}
