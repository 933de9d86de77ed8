import type { Instant, ODataFilter } from '@fleetsweep/protocol'
import type { RowPage, RowQuery } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import type { StoredAntivirusInfo } from './antivirus-info.ts'

/**
 * The antivirus of each machine of one tenant. Only read: what is kept is part of the writes that take an inventory and
 * that end a scan (`noteInventory`, `noteScanEnd`).
 */
export interface AntivirusInfoStore {
  /**
   * One page of the entries of machines within reach, what changed last first unless the query orders them otherwise.
   * `now` decides which signatures are old.
   *
   * @throws ApiError `ODataError` for what entries cannot be filtered or ordered by
   */
  list(query: RowQuery, reach: Reach, now: Instant): Promise<RowPage<StoredAntivirusInfo>>

  /** How many entries within reach fulfil a filter; all of them without one. */
  count(filter: ODataFilter | undefined, reach: Reach, now: Instant): Promise<number>
}
