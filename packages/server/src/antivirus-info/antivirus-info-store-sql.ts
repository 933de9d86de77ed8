import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { countRows, type RowSource, readPage } from '../kit/odata/index.ts'
import { machineAmongReached } from '../machine/index.ts'
import type { Reach } from '../principal/index.ts'
import { antivirusInfoSource } from './antivirus-info-fields.ts'
import { type DeviceAntivirusRow, toAntivirusInfo } from './antivirus-info-row.ts'
import type { AntivirusInfoStore } from './antivirus-info-store.ts'

const VIEW = 'device_antivirus'

/** Antivirus info of one tenant, on either database. */
export function sqlAntivirusInfoStore(db: Database, tenant: TenantId): AntivirusInfoStore {
  const sourceWithin = (reach: Reach, now: Instant): RowSource => ({
    ...antivirusInfoSource(now),
    within: machineAmongReached(reach, tenant, 'machine'),
  })
  return {
    async list(query, reach, now) {
      const page = await readPage<DeviceAntivirusRow>(db, tenant, VIEW, query, sourceWithin(reach, now))
      return { ...page, rows: page.rows.map(toAntivirusInfo) }
    },
    count: (filter, reach, now) => countRows(db, tenant, VIEW, filter, sourceWithin(reach, now)),
  }
}
