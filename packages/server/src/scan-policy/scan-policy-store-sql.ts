import { type DeviceGroupId, type TenantId, UNGROUPED, UNGROUPED_NAME } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { type ScanPolicyTables, toScanPolicy } from './scan-policy-row.ts'
import type { ScanPolicyStore } from './scan-policy-store.ts'
import {
  changeScanPolicyWrite,
  removeScanPolicyWrite,
  selectGroup,
  selectPolicy,
} from './scan-policy-writes.ts'

type GroupTables = {
  device_group: { tenant: string; id: number; display_name: string; group_rank: number }
}

/** Scan policies of one tenant, on either database. */
export function sqlScanPolicyStore(db: Database, tenant: TenantId): ScanPolicyStore {
  return {
    async list() {
      const [groups, rows] = await Promise.all([
        db.read(
          tables<GroupTables>(db.dialect)
            .selectFrom('device_group')
            .select(['id', 'display_name'])
            .where('tenant', '=', tenant)
            .where('id', '!=', UNGROUPED)
            .orderBy('group_rank'),
        ),
        db.read(
          tables<ScanPolicyTables>(db.dialect)
            .selectFrom('scan_policy')
            .selectAll()
            .where('tenant', '=', tenant),
        ),
      ])
      const rowOf = new Map(rows.map((row) => [row.device_group, row]))
      return [...groups, { id: UNGROUPED, display_name: UNGROUPED_NAME }].map(({ id, display_name }) => ({
        ...toScanPolicy(id as DeviceGroupId, rowOf.get(id)),
        deviceGroupName: display_name,
      }))
    },
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
    remove: (deviceGroup, audit) => db.write(removeScanPolicyWrite, { tenant, deviceGroup, audit }),
  }
}
