import type { TenantId } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { countRows, readPage } from '../kit/odata/index.ts'
import { withinReach } from '../machine/index.ts'
import { antivirusInfoSource } from './antivirus-info-fields.ts'
import { type DeviceAntivirusRow, toAntivirusInfo } from './antivirus-info-row.ts'
import type { AntivirusInfoStore } from './antivirus-info-store.ts'

const VIEW = 'device_antivirus'

/** Antivirus info of one tenant, on either database. */
export function sqlAntivirusInfoStore(db: Database, tenant: TenantId): AntivirusInfoStore {
  return {
    async list(query, reach, now) {
      const source = { ...antivirusInfoSource(now), within: withinReach(reach, VIEW) }
      const page = await readPage<DeviceAntivirusRow>(db, tenant, VIEW, query, source)
      return { ...page, rows: page.rows.map(toAntivirusInfo) }
    },
    count: (filter, reach, now) =>
      countRows(db, tenant, VIEW, filter, { ...antivirusInfoSource(now), within: withinReach(reach, VIEW) }),
  }
}
