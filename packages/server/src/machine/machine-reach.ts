import type { TenantId } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { rawQuery } from '../kit/db/raw-query.ts'
import type { Reach } from '../principal/index.ts'

/**
 * The condition that a row is of a machine within reach, for a list of rows of any noun; `undefined` where every machine
 * is. Device groups are looked up in the machines themselves, so that a machine that moves takes its history with it.
 *
 * @param table whose rows they are
 * @param column of that table, the machine's id
 */
export function machineWithinReach(
  reach: Reach,
  table: string,
  column: string,
): RawBuilder<SqlBool> | undefined {
  if (reach.kind === 'allMachines') return undefined
  const [tenant, machine] = [sql.ref(`${table}.tenant`), sql.ref(`${table}.${column}`)]
  return sql`exists (select 1 from machine as within where within.tenant = ${tenant} and within.id = ${machine} and ${inGroups(reach, 'within')})`
}

/**
 * As `machineWithinReach`, for a list that may be walked to its end: the machines within reach are found once, not row
 * by row.
 *
 * @param column the machine's id
 */
export function machineAmongReached(
  reach: Reach,
  tenant: TenantId,
  column: string,
): RawBuilder<SqlBool> | undefined {
  if (reach.kind === 'allMachines') return undefined
  return sql`${sql.ref(column)} in (select reached.id from machine as reached where reached.tenant = ${tenant} and ${inGroups(reach, 'reached')})`
}

/** Up to so many machines, what they have is found machine by machine and sorted; of more, the list is walked in its order. */
const FEW_MACHINES = 5_000

/**
 * As `machineWithinReach`, for a list that is read from its beginning: whoever reaches a few machines must not wait until
 * something of theirs comes among everybody's.
 *
 * @param column of that table, the machine's id
 */
export async function machineInList(
  db: Database,
  tenant: TenantId,
  reach: Reach,
  table: string,
  column: string,
): Promise<RawBuilder<SqlBool> | undefined> {
  if (reach.kind === 'allMachines') return undefined
  const reached = sql`select 1 from machine where tenant = ${tenant} and ${inGroups(reach, 'machine')} limit ${FEW_MACHINES + 1}`
  const [row] = await db.read(
    rawQuery<{ n: number }>(db.dialect, sql`select count(*) as n from (${reached}) as reached`),
  )
  return (row?.n ?? 0) > FEW_MACHINES
    ? machineWithinReach(reach, table, column)
    : machineAmongReached(reach, tenant, `${table}.${column}`)
}

/** As `machineWithinReach`, for the machines themselves. */
export function withinReach(reach: Reach): RawBuilder<SqlBool> | undefined {
  return reach.kind === 'allMachines' ? undefined : inGroups(reach, 'machine')
}

function inGroups({ ids }: Extract<Reach, { kind: 'deviceGroups' }>, table: string): RawBuilder<SqlBool> {
  // A list of nothing is not SQL.
  if (ids.length === 0) return sql`1 = 0`
  return sql`${sql.ref(`${table}.device_group`)} in (${sql.join(ids)})`
}
