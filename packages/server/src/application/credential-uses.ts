import type { ApplicationId, Clock, Instant, TenantId, Timer } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { BoundedMap } from '../kit/bounded-map.ts'
import type { ApplicationStore, CredentialKind, CredentialUse } from './application-store.ts'

/** How exactly it is known when a credential was last used, and so how often that is written at most. */
const EXACT_TO_MS = 3_600_000
/** What gathers meanwhile goes out as one write. */
const WRITE_AFTER_MS = 1_000
const MAX_REMEMBERED = 10_000

/** When credentials were last used: at most one write an hour for each, many in one. */
export class CredentialUses {
  readonly #applicationsOf: (tenant: TenantId) => Pick<ApplicationStore, 'recordUses'>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #written = new BoundedMap<string, Instant>(MAX_REMEMBERED)
  #unwritten = new Map<TenantId, CredentialUse[]>()
  #timer: Timer | undefined

  constructor(parts: {
    applicationsOf: (tenant: TenantId) => Pick<ApplicationStore, 'recordUses'>
    clock: Clock
    logger: Logger
  }) {
    this.#applicationsOf = parts.applicationsOf
    this.#clock = parts.clock
    this.#logger = parts.logger
  }

  note(tenant: TenantId, application: ApplicationId, kind: CredentialKind, credential: string): void {
    const at = this.#clock.now()
    const key = `${tenant}/${credential}`
    const before = this.#written.get(key)
    if (before !== undefined && at - before < EXACT_TO_MS * 1_000) return
    this.#written.set(key, at)
    const uses = this.#unwritten.get(tenant) ?? []
    this.#unwritten.set(tenant, uses)
    uses.push({ application, kind, credential, at })
    this.#timer ??= this.#clock.setTimer(WRITE_AFTER_MS, () => void this.flush())
  }

  /** Writes what was noted since the last time. */
  async flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    const unwritten = this.#unwritten
    this.#unwritten = new Map()
    const writes = [...unwritten].map(([tenant, uses]) => this.#applicationsOf(tenant).recordUses(uses))
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected')
    if (failed) this.#logger.error({ err: failed.reason }, 'when credentials were last used was not written')
  }
}
