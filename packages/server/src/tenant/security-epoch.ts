import type { Clock, TenantId } from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { BoundedMap } from '../kit/bounded-map.ts'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'

/** With what a stream waits between two looks, a change that a node was not told of reaches it within a second. */
const FRESH_MS = 500
/** A database that does not answer for so long is taken for gone. */
const ANSWER_WITHIN_MS = 5_000
const MAX_TENANTS = 10_000

type EpochTables = { tenant: { tenant: string; security_epoch: number } }

/** Part of every write that changes who may do what: whatever nodes remember of the tenant's access is over. */
export function* raiseSecurityEpoch(tenant: TenantId, context: WriteContext): WriteSteps<void> {
  yield* run(raise(context.dialect, { tenant }))
}

const raise = prepare((db: Kysely<EpochTables>, { tenant }: { tenant: string }) =>
  db
    .updateTable('tenant')
    .set({ security_epoch: sql<number>`security_epoch + 1` })
    .where('tenant', '=', tenant),
)

/**
 * The security epochs of tenants, never older than half a second: one small read stands for all that a node remembers
 * of a tenant's access. Nothing is answered on an epoch that could not be read.
 */
export class SecurityEpochs {
  readonly #read: (tenant: TenantId) => Promise<number>
  readonly #clock: Clock
  readonly #known = new BoundedMap<TenantId, { epoch: number; freshUntilMs: number }>(MAX_TENANTS)
  readonly #reading = new Map<TenantId, Promise<number>>()

  constructor(parts: { read: (tenant: TenantId) => Promise<number>; clock: Clock }) {
    this.#read = parts.read
    this.#clock = parts.clock
  }

  /** The epoch as far as it is known freshly; `undefined` when it has to be read. */
  known(tenant: TenantId): number | undefined {
    const entry = this.#known.get(tenant)
    return entry && this.#clock.monotonicMs() < entry.freshUntilMs ? entry.epoch : undefined
  }

  /** @throws Error when it cannot be read, or not in time */
  async of(tenant: TenantId): Promise<number> {
    const known = this.known(tenant)
    if (known !== undefined) return known
    const reading = this.#reading.get(tenant) ?? this.#readAnew(tenant)
    return reading
  }

  /** Somebody said that it was raised: the next call reads it, whatever is known. */
  forget(tenant: TenantId): void {
    this.#known.delete(tenant)
    // A read that is under way may have come before the change.
    this.#reading.delete(tenant)
  }

  #readAnew(tenant: TenantId): Promise<number> {
    const askedAtMs = this.#clock.monotonicMs()
    const reading = this.#inTime(this.#read(tenant))
      .then((epoch) => {
        if (this.#reading.get(tenant) === reading) {
          this.#known.set(tenant, { epoch, freshUntilMs: askedAtMs + FRESH_MS })
        }
        return epoch
      })
      .finally(() => {
        if (this.#reading.get(tenant) === reading) this.#reading.delete(tenant)
      })
    this.#reading.set(tenant, reading)
    return reading
  }

  #inTime(reading: Promise<number>): Promise<number> {
    const late = Promise.withResolvers<never>()
    const timer = this.#clock.setTimer(ANSWER_WITHIN_MS, () => {
      late.reject(new Error(`The database has not answered for ${ANSWER_WITHIN_MS} ms.`))
    })
    return Promise.race([reading, late.promise]).finally(() => timer.cancel())
  }
}
