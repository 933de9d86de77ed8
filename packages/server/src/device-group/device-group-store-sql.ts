import {
  type DeviceGroupId,
  type TenantId,
  UNGROUPED,
  UNGROUPED_NAME,
  type UserGroupId,
} from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import type { MachineTables } from '../machine/index.ts'
import type { StoredDeviceGroup } from './device-group.ts'
import { type DeviceGroupRow, type DeviceGroupTables, readLevel, readRules } from './device-group-row.ts'
import type { DeviceGroupStore } from './device-group-store.ts'
import {
  changeDeviceGroupWrite,
  createDeviceGroupWrite,
  deleteDeviceGroupWrite,
  orderDeviceGroupsWrite,
} from './device-group-writes.ts'

/** Device groups of one tenant, on either database. */
export function sqlDeviceGroupStore(db: Database, tenant: TenantId): DeviceGroupStore {
  const builder = tables<DeviceGroupTables & MachineTables>(db.dialect)

  const list = async (): Promise<StoredDeviceGroup[]> => {
    const [rows, access, counts] = await Promise.all([
      db.read(
        builder.selectFrom('device_group').selectAll().where('tenant', '=', tenant).orderBy('group_rank'),
      ),
      db.read(
        builder
          .selectFrom('device_group_access')
          .selectAll()
          .where('tenant', '=', tenant)
          .orderBy('user_group'),
      ),
      db.read(
        builder
          .selectFrom('machine')
          .select(({ fn }) => ['device_group', fn.countAll<number>().as('machines')])
          .where('tenant', '=', tenant)
          .groupBy('device_group'),
      ),
    ])
    const named = Map.groupBy(access, ({ device_group }) => device_group)
    const machines = new Map(counts.map((row) => [row.device_group, row.machines]))
    const show = (id: number, row: DeviceGroupRow | undefined): StoredDeviceGroup => ({
      ...ownColumns(row),
      id: id as DeviceGroupId,
      userGroups: (named.get(id) ?? []).map(({ user_group }) => user_group as UserGroupId),
      machineCount: machines.get(id) ?? 0,
    })
    const ranked = rows.filter(({ id }) => id !== UNGROUPED)
    return [
      ...ranked.map((row) => show(row.id, row)),
      show(
        UNGROUPED,
        rows.find(({ id }) => id === UNGROUPED),
      ),
    ]
  }

  return {
    list,
    find: async (id) => (await list()).find((group) => group.id === id),
    async namesOf(ids) {
      if (ids.length === 0) return []
      const rows = await db.read(
        builder
          .selectFrom('device_group')
          .select(['id', 'display_name'])
          .where('tenant', '=', tenant)
          .where('id', 'in', ids)
          .where('id', '>', UNGROUPED)
          .orderBy('group_rank'),
      )
      const names = rows.map(({ id, display_name }) => {
        return { id: id as DeviceGroupId, displayName: display_name }
      })
      return ids.includes(UNGROUPED) ? [...names, { id: UNGROUPED, displayName: UNGROUPED_NAME }] : names
    },
    create: (group, audit) => db.write(createDeviceGroupWrite, { tenant, group, audit }),
    change: (id, change, audit) => db.write(changeDeviceGroupWrite, { tenant, id, change, audit }),
    delete: (id, audit) => db.write(deleteDeviceGroupWrite, { tenant, id, audit }),
    order: (ids, audit) => db.write(orderDeviceGroupsWrite, { tenant, ids, audit }),
  }
}

/** Without a row, the ungrouped machines are as nobody changed them yet. */
function ownColumns(row: DeviceGroupRow | undefined) {
  const isRanked = row !== undefined && row.id !== UNGROUPED
  return {
    displayName: row?.display_name ?? UNGROUPED_NAME,
    description: row?.description ?? '',
    rank: isRanked ? row.group_rank : null,
    rules: isRanked ? readRules(row.rules) : null,
    remediationLevel: row === undefined ? 'NoAutomatedResponse' : readLevel(row.remediation_level),
  } as const
}
