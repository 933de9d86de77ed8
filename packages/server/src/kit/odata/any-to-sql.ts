import type { ODataFilter } from '@fleetsweep/protocol'
import { literalText } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'
import { holds } from './match-text.ts'
import { field, type NamedField, type ODataFields, odataFields } from './odata-field.ts'

type Condition = RawBuilder<SqlBool>

/**
 * The condition that one item of a JSON list fulfils a predicate.
 *
 * @param toSql makes the condition of the predicate, which knows one property: the item
 */
export function anyOf(
  { variable, predicate }: ODataFilter & { kind: 'any' },
  list: NamedField,
  dialect: Dialect,
  toSql: (filter: ODataFilter, fields: ODataFields, dialect: Dialect) => Condition,
): Condition {
  if (predicate === undefined) return sql`(${list.column} <> '[]')`
  const items = dialect === 'sqlite' ? sql`json_each(${list.column})` : jsonElements(list.column)
  const item = odataFields({ [variable]: field.text(sql`item.value`) })
  const exact = sql<SqlBool>`exists (select 1 from ${items} as item where ${toSql(predicate, item, dialect)})`
  // Reading JSON costs much more than searching it, and of many rows few hold what is asked for.
  const likely = likelyCondition(predicate, list.column, dialect)
  return likely ? sql`(${likely} and ${exact})` : sql`(${exact})`
}

function jsonElements(column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select json_array_elements_text(${column}::json) collate "C" as value)`
}

/** What the JSON holds whenever an item fulfils the predicate, and perhaps otherwise; `undefined` where nothing is known. */
function likelyCondition(
  predicate: ODataFilter,
  json: RawBuilder<unknown>,
  dialect: Dialect,
): Condition | undefined {
  switch (predicate.kind) {
    case 'and':
    case 'or': {
      const all = predicate.operands.map((operand) => likelyCondition(operand, json, dialect))
      const known = all.filter((condition) => condition !== undefined)
      const isUseful = predicate.kind === 'and' ? known.length > 0 : known.length === all.length
      const word = predicate.kind === 'and' ? sql` and ` : sql` or `
      return isUseful ? sql`(${sql.join(known, word)})` : undefined
    }
    case 'compare': {
      const text = predicate.operator === 'eq' ? literalText(predicate.value) : undefined
      return text === undefined ? undefined : holds(json, JSON.stringify(text), dialect)
    }
    case 'match': {
      const text = JSON.stringify(predicate.value)
      const from = predicate.function === 'startswith' ? 0 : 1
      const to = predicate.function === 'endswith' ? text.length : -1
      return holds(json, text.slice(from, to), dialect)
    }
    default:
      return undefined
  }
}
