import { ODataError, type OrderBy } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { comparedColumn, type Value } from './field-value.ts'
import { findField, quoted } from './find-field.ts'
import { LONG_TEXT_ORDER, type NamedField, type ODataFields } from './odata-field.ts'

type Condition = RawBuilder<SqlBool>

/** One of the keys that rows are sorted by. */
export type OrderKey = { field: NamedField; column: RawBuilder<unknown>; descending: boolean }

/**
 * The keys of an order, most significant first. The last is always the id, so that no two rows are alike.
 *
 * @throws ODataError for a property that has no order
 */
export function orderKeys(order: readonly OrderBy[], fields: ODataFields, id: string): OrderKey[] {
  const keys: OrderKey[] = []
  const last = order.at(-1)?.direction ?? 'asc'
  for (const { field: name, direction, position } of [...order, { field: id, direction: last }]) {
    const field = findField({ option: '$orderby', field: name, position }, fields)
    if (field.kind === 'texts') {
      throw new ODataError('$orderby', position, 'a property that is no list', quoted(name))
    }
    // What was said before decides already.
    if (keys.some((key) => key.field === field)) continue
    keys.push({ field, column: orderColumn(field), descending: direction === 'desc' })
    if (field.name.toLowerCase() === id.toLowerCase()) break
  }
  return keys
}

function orderColumn(field: NamedField): RawBuilder<unknown> {
  const column = comparedColumn(field)
  const isLong = field.kind === 'text' && field.long
  return isLong ? sql`substr(${column}, 1, ${sql.lit(LONG_TEXT_ORDER)})` : column
}

/** The keys after `order by`. Null comes before everything else, as if it were less. */
export function orderToSql(keys: readonly OrderKey[]): RawBuilder<unknown> {
  return sql.join(
    keys.map(({ field, column, descending }) => {
      // Said only where there can be nulls: elsewhere it would keep PostgreSQL from its index.
      const nulls = field.nullable ? (descending ? sql` nulls last` : sql` nulls first`) : sql``
      return sql`${column}${descending ? sql` desc` : sql` asc`}${nulls}`
    }),
  )
}

/** The condition that a row comes behind the one with these values, in the order of the keys. */
export function isBehind(keys: readonly OrderKey[], values: readonly (Value | null)[]): Condition {
  const [first] = keys
  const isPlain = keys.every(({ field, descending }) => !field.nullable && descending === first?.descending)
  if (isPlain) {
    const columns = sql.join(keys.map(({ column }) => column))
    return sql`(${columns}) ${first?.descending ? sql`<` : sql`>`} (${sql.join(values)})`
  }
  let behind: Condition = sql`1 = 0`
  for (let at = keys.length - 1; at >= 0; at -= 1) {
    const [key, value = null] = [keys[at], values[at]]
    if (key) behind = sql`(${isBeyond(key, value)} or (${isSame(key, value)} and ${behind}))`
  }
  // Implied, and said for the index alone.
  const [value] = values
  return first && value != null && !first.field.nullable
    ? sql`(${first.column} ${first.descending ? sql`<=` : sql`>=`} ${value} and ${behind})`
    : behind
}

function isBeyond({ field, column, descending }: OrderKey, value: Value | null): Condition {
  if (value === null) return descending ? sql`1 = 0` : sql`${column} is not null`
  if (!descending) return sql`${column} > ${value}`
  return field.nullable ? sql`(${column} < ${value} or ${column} is null)` : sql`${column} < ${value}`
}

function isSame({ column }: OrderKey, value: Value | null): Condition {
  return value === null ? sql`${column} is null` : sql`${column} = ${value}`
}
