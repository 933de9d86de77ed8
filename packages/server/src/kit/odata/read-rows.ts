import type { ODataFilter, TenantId } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { rawQuery } from '../db/raw-query.ts'
import { filterToSql } from './odata-to-sql.ts'
import { planPage, type RowPage, type RowQuery, type RowSource } from './row-page.ts'

/**
 * Reads one page of a tenant's rows in a table.
 *
 * @throws ApiError `ODataError` for what the list cannot be filtered or ordered by
 */
export async function readPage<Row extends Readonly<Record<string, unknown>>>(
  db: Database,
  tenant: TenantId,
  table: string,
  query: RowQuery,
  source: RowSource,
): Promise<RowPage<Row>> {
  const plan = planPage(query, source, db.dialect)
  const rows = await db.read(
    rawQuery<Row>(
      db.dialect,
      sql`select ${source.columns ?? sql`*`} from ${sql.table(table)} where ${ofTenant(tenant, plan.where)} order by ${plan.orderBy} limit ${plan.limit} offset ${plan.offset}`,
    ),
  )
  return plan.page(rows)
}

/** Counts a tenant's rows that fulfil a filter. */
export async function countRows(
  db: Database,
  tenant: TenantId,
  table: string,
  filter: ODataFilter | undefined,
  { fields, within }: RowSource,
): Promise<number> {
  const conditions = [
    ...(within ? [within] : []),
    ...(filter ? [filterToSql(filter, fields, db.dialect)] : []),
  ]
  const where = conditions.length === 0 ? undefined : sql<SqlBool>`${sql.join(conditions, sql` and `)}`
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
