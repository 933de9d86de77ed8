import { type ListQuery, MAX_TOP, type OrderBy } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'
import { ApiError } from '../http/api-error.ts'
import type { ODataField, ODataFields } from './odata-field.ts'
import { filterToSql, getField } from './odata-to-sql.ts'

/** What a caller asks of a list, as a store takes it. */
export type RowQuery = Pick<ListQuery, 'filter' | 'orderBy' | 'skip' | 'top' | 'skipToken'> & {
  /** Most rows of one page, whatever `top` says. */
  pageSize: number
}

/** Rows of one page, and where the next one goes on when this one was cut short. */
export type RowPage<Row> = { rows: Row[]; next: NextPage | null }

/** `skipToken` where the order allows to go on after the last row, which rows that come or go do not disturb. */
export type NextPage = { skipToken: string } | { skip: number }

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

type Conditions = { where: RawBuilder<SqlBool> | undefined; orderBy: RawBuilder<unknown> }

type Plan = Conditions & {
  limit: number
  offset: number
  /** Makes the page of rows that were read with this plan. */
  page<Row extends Readonly<Record<string, unknown>>>(rows: readonly Row[]): RowPage<Row>
}

/**
 * Plans the reading of one page: one row more than fits tells whether there is another page.
 *
 * @throws ApiError `ODataError` for what the list cannot be filtered or ordered by
 */
export function planPage(query: RowQuery, source: RowSource, dialect: Dialect): Plan {
  const order = query.orderBy.length === 0 ? [source.order] : query.orderBy
  const keyset = keysetOf(order, source)
  const after = query.skipToken === undefined ? undefined : readToken(query.skipToken, keyset)
  const top = query.top ?? MAX_TOP
  const size = Math.min(top, query.pageSize)
  const cut = query.top === undefined || query.top > query.pageSize
  const conditions = [
    ...(source.within ? [source.within] : []),
    ...(query.filter ? [filterToSql(query.filter, source.fields, dialect)] : []),
    ...(after ? [after] : []),
  ]
  return {
    where: conditions.length === 0 ? undefined : sql<SqlBool>`(${sql.join(conditions, sql` and `)})`,
    orderBy: orderToSql(order, source),
    limit: cut ? size + 1 : size,
    offset: after ? 0 : query.skip,
    page(rows) {
      const last = cut && rows.length > size ? rows[size - 1] : undefined
      if (last === undefined) return { rows: [...rows], next: null }
      const next = keyset
        ? { skipToken: writeToken(last[keyset.columnName], last[keyset.idName]) }
        : { skip: query.skip + size }
      return { rows: rows.slice(0, size), next }
    },
  }
}

type Keyset = { columnName: string; idName: string; descending: boolean }

/** One key that is never null, and the id: then a page can go on after its last row. */
function keysetOf(order: readonly OrderBy[], { fields, id }: RowSource): Keyset | undefined {
  const [first, second] = order
  if (!first || second) return undefined
  const { columnName, kind, nullable } = getField(first.field, fields)
  const idName = getField(id, fields).columnName
  if (nullable || kind !== 'instant' || columnName === undefined || idName === undefined) return undefined
  return { columnName, idName, descending: first.direction === 'desc' }
}

function orderToSql(order: readonly OrderBy[], { fields, id }: RowSource): RawBuilder<unknown> {
  const keys = order.map(({ field: name, direction }) => orderKey(name, getField(name, fields), direction))
  const lastDirection = order.at(-1)?.direction ?? 'asc'
  return sql.join([...keys, orderKey(id, getField(id, fields), lastDirection)])
}

function orderKey(name: string, field: ODataField, direction: 'asc' | 'desc'): RawBuilder<unknown> {
  if (field.kind === 'texts') throw new ApiError('ODataError', `'${name}' is a list and has no order`)
  const column = field.kind === 'text' ? (field.lower ?? field.column) : field.column
  // Said only where there can be nulls: elsewhere it would keep PostgreSQL from its index.
  const nulls = field.nullable ? (direction === 'asc' ? sql` nulls first` : sql` nulls last`) : sql``
  return sql`${column} ${sql.raw(direction)}${nulls}`
}

function writeToken(value: unknown, id: unknown): string {
  return Buffer.from(JSON.stringify([value, id])).toString('base64url')
}

function readToken(token: string, keyset: Keyset | undefined): RawBuilder<SqlBool> {
  const match = /^\[(-?\d{1,16}),"([^"\\]{1,64})"\]$/.exec(Buffer.from(token, 'base64url').toString('utf8'))
  if (!match || !keyset) throw new ApiError('ODataError', '$skiptoken: take it from a next link as it is')
  const [, value, lastId] = match
  const { columnName, idName, descending } = keyset
  return sql`(${sql.ref(columnName)}, ${sql.ref(idName)}) ${descending ? sql`<` : sql`>`} (${Number(value)}, ${lastId})`
}
