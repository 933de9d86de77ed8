import { type TenantId, UNGROUPED } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { toScanPolicy } from './scan-policy-row.ts'
import type { ScanPolicyStore } from './scan-policy-store.ts'
import { changeScanPolicyWrite, selectGroup, selectPolicy } from './scan-policy-writes.ts'

/** Scan policies of one tenant, on either database. */
export function sqlScanPolicyStore(db: Database, tenant: TenantId): ScanPolicyStore {
  return {
    async find(deviceGroup) {
      const of = { tenant, deviceGroup }
      const [groups, [row]] = await Promise.all([
        db.read(selectGroup(db.dialect, of)),
        db.read(selectPolicy(db.dialect, of)),
      ])
      return groups.length === 1 || deviceGroup === UNGROUPED ? toScanPolicy(deviceGroup, row) : undefined
    },
    change: (deviceGroup, change, audit) =>
      db.write(changeScanPolicyWrite, { tenant, deviceGroup, change, audit }),
  }
}
