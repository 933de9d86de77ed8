import type { Clock, Instant, ListQuery, TenantId } from '@fleetsweep/protocol'
import type { NextPage } from '../kit/odata/index.ts'
import type { Principal } from '../principal/index.ts'
import type { StoredAntivirusInfo } from './antivirus-info.ts'
import type { AntivirusInfoStore } from './antivirus-info-store.ts'

/** The antivirus of machines as callers see it: only that of machines within reach is there. */
export type AntivirusInfoService = {
  /**
   * One page of entries, and the moment that decided which signatures are old.
   *
   * @throws ApiError `ODataError`
   */
  list(
    principal: Principal,
    query: ListQuery,
  ): Promise<{
    entries: StoredAntivirusInfo[]
    count: number | undefined
    next: NextPage | null
    now: Instant
  }>

  /** @throws ApiError `ODataError` */
  count(principal: Principal, query: ListQuery): Promise<number>
}

export function antivirusInfoService(parts: {
  antivirusInfoOf: (tenant: TenantId) => AntivirusInfoStore
  clock: Clock
  /** Most entries of one page. */
  pageSize: number
}): AntivirusInfoService {
  const { antivirusInfoOf, clock, pageSize } = parts
  return {
    async list({ tenant, reach }, query) {
      const now = clock.now()
      const store = antivirusInfoOf(tenant)
      const [page, count] = await Promise.all([
        store.list({ ...query, pageSize }, reach, now),
        query.count ? store.count(query.filter, reach, now) : undefined,
      ])
      return { entries: page.rows, next: page.next, count, now }
    },
    count: ({ tenant, reach }, { filter }) => antivirusInfoOf(tenant).count(filter, reach, clock.now()),
  }
}
