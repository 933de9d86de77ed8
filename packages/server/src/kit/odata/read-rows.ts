import type { ODataFilter, TenantId } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Dialect } from '../db/query.ts'
import { rawQuery } from '../db/raw-query.ts'
import { filterToSql } from './odata-to-sql.ts'
import { orderToSql } from './row-order.ts'
import {
  allOf,
  keyColumn,
  type PagePlan,
  planPage,
  type RowPage,
  type RowQuery,
  type RowSource,
} from './row-page.ts'

/**
 * Reads one page of a tenant's rows in a table.
 *
 * @throws ODataError for what the list cannot be filtered or ordered by
 */
export async function readPage<Row extends Readonly<Record<string, unknown>>>(
  db: Database,
  tenant: TenantId,
  table: string,
  query: RowQuery,
  source: RowSource,
): Promise<RowPage<Row>> {
  const plan = planPage(query, source, db.dialect)
  const rows = await db.read(rawQuery<Row>(db.dialect, pageToSql(tenant, table, plan, source, db.dialect)))
  return plan.page(rows)
}

function pageToSql(
  tenant: TenantId,
  table: string,
  plan: PagePlan,
  source: RowSource,
  dialect: Dialect,
): RawBuilder<unknown> {
  const from = sql.table(table)
  const columns = [source.columns ?? sql`${from}.*`, ...(plan.isCut ? keysOf(plan) : [])]
  const [selected, orderBy] = [sql.join(columns), orderToSql(plan.keys)]
  const found = sql`from ${from} where ${ofTenant(tenant, plan.where)} order by ${orderBy} limit ${plan.limit} offset ${plan.offset}`
  if (plan.offset === 0) return sql`select ${selected} ${found}`
  // Rows that are skipped are walked over in an index, which is short, and never read.
  const id = plan.keys.at(-1)?.column ?? sql`id`
  // A cross join keeps SQLite from going through the whole table to look for the few rows of the page in it.
  const join = dialect === 'sqlite' ? sql`cross join` : sql`join`
  return sql`select ${selected} from (select ${id} as page_id ${found}) as page ${join} ${from} on ${ofTenant(tenant, sql`${id} = page_id`)} order by ${orderBy}`
}

function keysOf({ keys }: PagePlan): RawBuilder<unknown>[] {
  return keys.map(({ column }, at) => sql`${column} as ${sql.ref(keyColumn(at))}`)
}

/** Counts a tenant's rows that fulfil a filter. */
export async function countRows(
  db: Database,
  tenant: TenantId,
  table: string,
  filter: ODataFilter | undefined,
  { fields, within }: RowSource,
): Promise<number> {
  const where = allOf([within, filter && filterToSql(filter, fields, db.dialect)])
  const [row] = await db.read(
    rawQuery<{ n: number }>(
      db.dialect,
      sql`select count(*) as n from ${sql.table(table)} where ${ofTenant(tenant, where)}`,
    ),
  )
  return row?.n ?? 0
}

function ofTenant(tenant: TenantId, where: RawBuilder<SqlBool> | undefined): RawBuilder<SqlBool> {
  return where === undefined ? sql`tenant = ${tenant}` : sql`tenant = ${tenant} and ${where}`
}
