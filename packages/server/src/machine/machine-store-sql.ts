import type { DeviceGroupRules, Instant, Inventory, MachineId, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { noteInventory } from '../antivirus-info/index.ts'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { assignMachine, matchesRules } from '../device-group/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { countRows, readPage } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import { lockAccessShared } from '../tenant/index.ts'
import { machineSource } from './machine-fields.ts'
import { withinReach } from './machine-reach.ts'
import {
  DEVICE_GROUP_NAME,
  inventoryColumns,
  type MachineTables,
  type NamedMachineRow,
  toMachine,
} from './machine-row.ts'
import type { MachineStore } from './machine-store.ts'

type RecordInventory = {
  kind: 'machine.recordInventory'
  tenant: TenantId
  id: MachineId
  inventory: Inventory
  externalIp: string | null
}

export const recordInventoryWrite = defineWrite<RecordInventory, void>(
  'machine.recordInventory',
  function* ({ tenant, id, inventory, externalIp }, context) {
    const columns = { ...inventoryColumns(inventory, externalIp), last_seen: context.at }
    const update = tables<MachineTables>(context.dialect)
      .updateTable('machine')
      .set(columns)
      .where('tenant', '=', tenant)
      .where('id', '=', id)
    // Usually nothing has changed that device groups look at: then it stays where it is, and nothing waits.
    const stayed = yield* run(
      update
        .where('computer_dns_name_lower', '=', columns.computer_dns_name_lower)
        .where('os_platform', '=', columns.os_platform)
        .returning('id'),
    )
    if (stayed.length === 0) {
      yield* lockAccessShared(tenant, context)
      const known = yield* run(update.returning('id'))
      if (known.length === 0) return
      yield* assignMachine(tenant, id, context)
    }
    yield* noteInventory(tenant, id, inventory, context)
  },
)

type RecordSeen = {
  kind: 'machine.recordSeen'
  tenant: TenantId
  seen: readonly { id: MachineId; at: Instant }[]
}

export const recordSeenWrite = defineWrite<RecordSeen, void>(
  'machine.recordSeen',
  function* ({ tenant, seen }, context) {
    for (const { id, at } of seen) yield* run(updateLastSeen(context.dialect, { tenant, id, at }))
  },
)

const updateLastSeen = prepare(
  (db: Kysely<MachineTables>, { tenant, id, at }: { tenant: string; id: string; at: number }) =>
    db
      .updateTable('machine')
      .set({ last_seen: at })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .where('last_seen', '<', at),
)

type HoldOrders = {
  kind: 'machine.holdOrders'
  tenant: TenantId
  id: MachineId
  because: string
  audit: AuditEntry
}

export const holdOrdersWrite = defineWrite<HoldOrders, void>(
  'machine.holdOrders',
  function* ({ tenant, id, because, audit }, context) {
    const held = yield* run(
      tables<MachineTables>(context.dialect)
        .updateTable('machine')
        .set({ orders_held_because: because, is_potential_duplication: 1 })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('orders_held_because', 'is', null)
        .returning('id'),
    )
    if (held.length > 0) yield* writeAudit(tenant, audit, context)
  },
)

const selectById = prepare((db: Kysely<MachineTables>, { tenant, id }: { tenant: string; id: string }) =>
  named(db).where('tenant', '=', tenant).where('id', '=', id),
)

/** Machines with the names of their device groups. */
function named(db: Kysely<MachineTables>) {
  return db.selectFrom('machine').selectAll('machine').select(DEVICE_GROUP_NAME.as('device_group_name'))
}

/** Machines of one tenant, on either database. */
export function sqlMachineStore(db: Database, tenant: TenantId): MachineStore {
  const all = () => named(tables<MachineTables>(db.dialect)).where('tenant', '=', tenant)
  const matching = (rules: DeviceGroupRules, reach: Reach) => {
    const machines = tables<MachineTables>(db.dialect)
      .selectFrom('machine')
      .where('tenant', '=', tenant)
      .where(matchesRules(rules, db.dialect))
    const within = withinReach(reach)
    return within ? machines.where(within) : machines
  }
  return {
    async find(id) {
      const [row] = await db.read<NamedMachineRow>(selectById(db.dialect, { tenant, id }))
      return row && toMachine(row)
    },
    async findByAadDevice(aadDeviceId) {
      const [row] = await db.read<NamedMachineRow>(
        all().where('aad_device_id', '=', aadDeviceId.toLowerCase()).orderBy('last_seen', 'desc').limit(1),
      )
      return row && toMachine(row)
    },
    async findByName(computerDnsName) {
      const rows = await db.read<NamedMachineRow>(
        all().where('computer_dns_name_lower', '=', computerDnsName.toLowerCase()).orderBy('id'),
      )
      return rows.map(toMachine)
    },
    async listWithin(ids, reach) {
      const within = withinReach(reach)
      if (!within || ids.length === 0) return new Set(ids)
      const query = tables<MachineTables>(db.dialect)
        .selectFrom('machine')
        .select('id')
        .where('tenant', '=', tenant)
        .where('id', 'in', ids)
        .where(within)
      return new Set((await db.read(query)).map(({ id }) => id as MachineId))
    },
    async list(query, reach, now) {
      const source = { ...machineSource(now), within: withinReach(reach) }
      const page = await readPage<NamedMachineRow>(db, tenant, 'machine', query, source)
      return { ...page, rows: page.rows.map(toMachine) }
    },
    count: (filter, reach, now) =>
      countRows(db, tenant, 'machine', filter, { ...machineSource(now), within: withinReach(reach) }),
    async listMatching(rules, reach, limit) {
      const page = matching(rules, reach)
        .selectAll('machine')
        .select(DEVICE_GROUP_NAME.as('device_group_name'))
        .orderBy('computer_dns_name_lower')
        .orderBy('id')
        .limit(limit)
      return (await db.read<NamedMachineRow>(page)).map(toMachine)
    },
    async countMatching(rules, reach) {
      const count = matching(rules, reach).select(({ fn }) => fn.countAll<number>().as('machines'))
      const [row] = await db.read(count)
      return row?.machines ?? 0
    },
    recordInventory: (id, inventory, externalIp) =>
      db.write(recordInventoryWrite, { tenant, id, inventory, externalIp }),
    recordSeen: (seen) => db.write(recordSeenWrite, { tenant, seen }),
    holdOrders: (id, because, audit) => db.write(holdOrdersWrite, { tenant, id, because, audit }),
  }
}
