import type { DeviceGroupRules, Instant, Inventory, MachineId, TenantId } from '@fleetsweep/protocol'
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import { noteInventory } from '../antivirus-info/index.ts'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { assignMachines, matchesRules } from '../device-group/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { type Dialect, tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { countRows, readPage } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import { lockAccessShared } from '../tenant/index.ts'
import { changeMachinesWrite } from './change-machines.ts'
import { endSpans, hadAddress, noteAddresses } from './machine-addresses.ts'
import { machineSource } from './machine-fields.ts'
import { withinReach } from './machine-reach.ts'
import {
  DEVICE_GROUP_NAME,
  inventoryColumns,
  type MachineTables,
  type NamedMachineRow,
  namedMachines,
  toMachine,
} from './machine-row.ts'
import type { MachineSelection, MachineStore, SeenMachine } from './machine-store.ts'

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
    const lastHeard = yield* lastHeardOf(tenant, id, context)
    if (lastHeard === undefined) return
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
      yield* run(update)
      yield* assignMachines(tenant, [id], context)
    }
    yield* noteInventory(tenant, id, inventory, context)
    yield* noteAddresses(tenant, { id, ipAddresses: inventory.ipAddresses, lastHeard }, context)
  },
)

/** When a machine was last heard of; `undefined` when the tenant has no such machine. */
export function* lastHeardOf(
  tenant: TenantId,
  id: MachineId,
  context: WriteContext,
): WriteSteps<Instant | undefined> {
  const [row] = yield* run(selectLastSeen(context.dialect, { tenant, id }))
  return row && (row.last_seen as Instant)
}

const selectLastSeen = prepare((db: Kysely<MachineTables>, { tenant, id }: { tenant: string; id: string }) =>
  db.selectFrom('machine').select('last_seen').where('tenant', '=', tenant).where('id', '=', id),
)

type RecordSeen = {
  kind: 'machine.recordSeen'
  tenant: TenantId
  seen: readonly SeenMachine[]
}

export const recordSeenWrite = defineWrite<RecordSeen, void>(
  'machine.recordSeen',
  function* ({ tenant, seen }, context) {
    // In the order of their ids, as changes of many machines lock them.
    for (const { id, at, connectedAt } of seen.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const before =
        connectedAt === undefined ? [] : yield* run(lockLastSeen(context.dialect, { tenant, id }))
      yield* run(updateLastSeen(context.dialect, { tenant, id, at }))
      const lastHeard = before[0]?.last_seen
      if (connectedAt === undefined || lastHeard === undefined || lastHeard >= connectedAt) continue
      yield* endSpans(tenant, { id, at: lastHeard as Instant }, context)
    }
  },
)

/** An inventory that is taken at the same time waits: it begins again what ends here. */
const lockLastSeen = prepare(
  (db: Kysely<MachineTables>, { tenant, id }: { tenant: string; id: string }, dialect) => {
    const query = db
      .selectFrom('machine')
      .select('last_seen')
      .where('tenant', '=', tenant)
      .where('id', '=', id)
    return dialect === 'postgres' ? query.forUpdate() : query
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
  namedMachines(db).where('tenant', '=', tenant).where('id', '=', id),
)

/** What a list holds at all: what its caller reaches, and of that what was selected. */
function conditionOf(
  tenant: TenantId,
  reach: Reach,
  selection: MachineSelection | undefined,
  dialect: Dialect,
): RawBuilder<SqlBool> | undefined {
  const within = withinReach(reach)
  if (!selection) return within
  const selected =
    selection.kind === 'address'
      ? hadAddress(tenant, selection.address)
      : matchesRules(
          { tag: [{ operator: selection.startsWith ? 'startsWith' : 'equals', value: selection.tag }] },
          dialect,
        )
  return within ? sql<SqlBool>`(${within} and ${selected})` : selected
}

/** Machines of one tenant, on either database. */
export function sqlMachineStore(db: Database, tenant: TenantId): MachineStore {
  const latestFirst = async (where: RawBuilder<SqlBool>, reach: Reach, limit: number) => {
    const within = withinReach(reach)
    const machines = namedMachines(tables<MachineTables>(db.dialect))
      .where('tenant', '=', tenant)
      .where(within ? sql<SqlBool>`(${within} and ${where})` : where)
      .orderBy('last_seen', 'desc')
      .orderBy('id')
      .limit(limit)
    return (await db.read<NamedMachineRow>(machines)).map(toMachine)
  }
  const sourceFor = (now: Instant, reach: Reach, selection: MachineSelection | undefined) => ({
    ...machineSource(now),
    within: conditionOf(tenant, reach, selection, db.dialect),
  })
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
    listByAadDevice: (aadDeviceId, reach, limit) =>
      latestFirst(sql`aad_device_id = ${aadDeviceId.toLowerCase()}`, reach, limit),
    listByName: (computerDnsName, reach, limit) =>
      latestFirst(sql`computer_dns_name_lower = ${computerDnsName.toLowerCase()}`, reach, limit),
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
    async list(query, reach, now, selection) {
      const source = sourceFor(now, reach, selection)
      const page = await readPage<NamedMachineRow>(db, tenant, 'machine', query, source)
      return { ...page, rows: page.rows.map(toMachine) }
    },
    count: (filter, reach, now, selection) =>
      countRows(db, tenant, 'machine', filter, sourceFor(now, reach, selection)),
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
    change: (change) => db.write(changeMachinesWrite, { tenant, change }),
    holdOrders: (id, because, audit) => db.write(holdOrdersWrite, { tenant, id, because, audit }),
  }
}
