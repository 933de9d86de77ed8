import type { Instant, Inventory, MachineId, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { countRows, readPage } from '../kit/odata/index.ts'
import { machineSource } from './machine-fields.ts'
import { withinReach } from './machine-reach.ts'
import { inventoryColumns, type MachineRow, type MachineTables, toMachine } from './machine-row.ts'
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
    yield* run(
      tables<MachineTables>(context.dialect)
        .updateTable('machine')
        .set({ ...inventoryColumns(inventory, externalIp), last_seen: context.at })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
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
  db.selectFrom('machine').selectAll().where('tenant', '=', tenant).where('id', '=', id),
)

/** Machines of one tenant, on either database. */
export function sqlMachineStore(db: Database, tenant: TenantId): MachineStore {
  const all = () =>
    tables<MachineTables>(db.dialect).selectFrom('machine').selectAll().where('tenant', '=', tenant)
  return {
    async find(id) {
      const [row] = await db.read<MachineRow>(selectById(db.dialect, { tenant, id }))
      return row && toMachine(row)
    },
    async findByAadDevice(aadDeviceId) {
      const [row] = await db.read<MachineRow>(
        all().where('aad_device_id', '=', aadDeviceId.toLowerCase()).orderBy('last_seen', 'desc').limit(1),
      )
      return row && toMachine(row)
    },
    async findByName(computerDnsName) {
      const rows = await db.read<MachineRow>(
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
      const page = await readPage<MachineRow>(db, tenant, 'machine', query, source)
      return { ...page, rows: page.rows.map(toMachine) }
    },
    count: (filter, reach, now) =>
      countRows(db, tenant, 'machine', filter, { ...machineSource(now), within: withinReach(reach) }),
    recordInventory: (id, inventory, externalIp) =>
      db.write(recordInventoryWrite, { tenant, id, inventory, externalIp }),
    recordSeen: (seen) => db.write(recordSeenWrite, { tenant, seen }),
    holdOrders: (id, because, audit) => db.write(holdOrdersWrite, { tenant, id, because, audit }),
  }
}
