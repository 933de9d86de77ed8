import { type ListQuery, MAX_TOP, type OrderBy } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'
import type { ODataFields } from './odata-field.ts'
import { filterToSql } from './odata-to-sql.ts'
import { isBehind, type OrderKey, orderKeys } from './row-order.ts'
import { readSkipToken, writeSkipToken } from './skip-token.ts'

/** What a caller asks of a list, as a store takes it. */
export type RowQuery = Pick<ListQuery, 'filter' | 'orderBy' | 'skip' | 'top' | 'skipToken'> & {
  /** Most rows of one page, whatever `top` says. */
  pageSize: number
}

/** Rows of one page, and where the next one goes on when this one was cut short. */
export type RowPage<Row> = { rows: Row[]; next: NextPage | null }

/** Behind the last row of this page, wherever that is by then: rows that come or go do not disturb it. */
export type NextPage = { skipToken: string }

/** What a table says about its lists. `order` is the order where a caller names none; `id` breaks ties. */
export type RowSource = {
  fields: ODataFields
  order: OrderBy
  id: string
  /** What is read of each row; all columns when absent. */
  columns?: RawBuilder<unknown> | undefined
  /** Rows that do not fulfil it are not there, whatever the query says; every row is when absent. */
  within?: RawBuilder<SqlBool> | undefined
}

export type PagePlan = {
  where: RawBuilder<SqlBool> | undefined
  keys: readonly OrderKey[]
  limit: number
  offset: number
  /** True when there may be another page; the rows must then hold the values of the keys, named by `keyColumn`. */
  isCut: boolean
  /** Makes the page of rows that were read with this plan. */
  page<Row extends Readonly<Record<string, unknown>>>(rows: readonly Row[]): RowPage<Row>
}

/** What the value of a key is called in a row. */
export function keyColumn(at: number): string {
  return `order_${at}`
}

/**
 * Plans the reading of one page: one row more than fits tells whether there is another page.
 *
 * @throws ODataError for what the list cannot be filtered or ordered by
 */
export function planPage(query: RowQuery, source: RowSource, dialect: Dialect): PagePlan {
  const order = query.orderBy.length === 0 ? [source.order] : query.orderBy
  const keys = orderKeys(order, source.fields, source.id)
  const after =
    query.skipToken === undefined ? undefined : isBehind(keys, readSkipToken(query.skipToken, keys))
  const size = Math.min(query.top ?? MAX_TOP, query.pageSize)
  const isCut = query.top === undefined || query.top > query.pageSize
  return {
    where: allOf([source.within, query.filter && filterToSql(query.filter, source.fields, dialect), after]),
    keys,
    limit: isCut ? size + 1 : size,
    offset: after ? 0 : query.skip,
    isCut,
    page(rows) {
      const last = isCut && rows.length > size ? rows[size - 1] : undefined
      if (last === undefined) return { rows: [...rows], next: null }
      const skipToken = writeSkipToken(
        keys,
        keys.map((_, at) => last[keyColumn(at)]),
      )
      return { rows: rows.slice(0, size), next: { skipToken } }
    },
  }
}

/** The conditions that there are, as one. */
export function allOf(
  conditions: readonly (RawBuilder<SqlBool> | undefined)[],
): RawBuilder<SqlBool> | undefined {
  const given = conditions.filter((condition) => condition !== undefined)
  return given.length === 0 ? undefined : sql`(${sql.join(given, sql` and `)})`
}
