import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { CallClass } from '../kit/http/index.ts'
import type { CallCounts } from '../kit/rate-limit/call-counter.ts'

/** What one caller has counted in one budget, as of a moment of the wall clock. */
export type StoredCallCount = {
  /** `NO_TENANT` for an address. */
  tenant: TenantId
  callClass: CallClass
  /** Kind and id of a principal, or an address. */
  caller: string
  counts: CallCounts
  countedAt: Instant
}

/** The call counts of a server's last hour, so that a restart goes on from them. */
export interface CallCountStore {
  /** Writes some; the newer of one caller takes the place of the older. */
  save(counts: readonly StoredCallCount[]): Promise<void>

  /** Those counted within a range of moments, the newest first. */
  load(range: { from: Instant; to: Instant; limit: number }): Promise<StoredCallCount[]>

  /** Removes those counted outside of a range of moments. */
  removeOutside(range: { from: Instant; to: Instant }): Promise<void>
}
