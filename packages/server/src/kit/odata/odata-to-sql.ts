import {
  type CompareOperator,
  type MatchFunction,
  ODataError,
  type ODataFilter,
  type ODataLiteral,
} from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'
import { anyOf } from './any-to-sql.ts'
import { comparedColumn, comparedValue } from './field-value.ts'
import { findField, type Place, quoted } from './find-field.ts'
import { matchText } from './match-text.ts'
import { asciiLower, type NamedField, type ODataFields } from './odata-field.ts'

type Condition = RawBuilder<SqlBool>

/**
 * Makes a condition of a filter. It is true or false for every row, never unknown: null equals null alone, differs
 * from everything else, and is neither more nor less than anything.
 *
 * @throws ODataError for a property that cannot be filtered by, or a value that does not fit it
 */
export function filterToSql(filter: ODataFilter, fields: ODataFields, dialect: Dialect): Condition {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const operands = filter.operands.map((operand) => filterToSql(operand, fields, dialect))
      return sql`(${sql.join(operands, filter.kind === 'and' ? sql` and ` : sql` or `)})`
    }
    case 'not':
      return sql`(not ${filterToSql(filter.operand, fields, dialect)})`
    case 'compare':
      return compare(findField(placeOf(filter), fields), filter.operator, filter.value)
    case 'in':
      return isIn(findField(placeOf(filter), fields), filter.values)
    case 'match':
      return match(filter, findField(placeOf(filter), fields), dialect)
    case 'any':
      return any(filter, findField(placeOf(filter), fields), dialect)
  }
}

function placeOf({ field, position }: { field: string; position?: number }): Place {
  return { option: '$filter', field, position }
}

function compare(field: NamedField, operator: CompareOperator, literal: ODataLiteral): Condition {
  if (literal.kind === 'null' && field.kind !== 'texts') {
    // Two nulls are equal, so each is also at most and at least the other.
    const isNull = sql<SqlBool>`${field.column} is null`
    if (operator === 'eq' || operator === 'ge' || operator === 'le') return sql`(${isNull})`
    return operator === 'ne' ? sql`(not ${isNull})` : sql`(1 = 0)`
  }
  const value = comparedValue(field, literal)
  if (field.kind === 'choice') return chosen(field, (word) => HOLDS[operator](word, String(value)))
  const compared = sql<SqlBool>`${comparedColumn(field)} ${OPERATORS[operator]} ${value}`
  if (!field.nullable) return sql`(${compared})`
  return operator === 'ne'
    ? sql`(${field.column} is null or ${compared})`
    : sql`(${field.column} is not null and ${compared})`
}

const OPERATORS: Record<CompareOperator, RawBuilder<unknown>> = {
  eq: sql`=`,
  ne: sql`<>`,
  gt: sql`>`,
  ge: sql`>=`,
  lt: sql`<`,
  le: sql`<=`,
}

/** The condition that a row has one of the words that fulfil a predicate. */
function chosen(
  { choices }: NamedField & { kind: 'choice' },
  isFulfilled: (word: string) => boolean,
): Condition {
  const conditions = [...choices].filter(([word]) => isFulfilled(word)).map(([, condition]) => condition)
  return conditions.length === 0 ? sql`(1 = 0)` : sql`(${sql.join(conditions, sql` or `)})`
}

/** Of words in ASCII, whose order is the same everywhere. */
const HOLDS: Record<CompareOperator, (word: string, given: string) => boolean> = {
  eq: (word, given) => word === given,
  ne: (word, given) => word !== given,
  gt: (word, given) => word > given,
  ge: (word, given) => word >= given,
  lt: (word, given) => word < given,
  le: (word, given) => word <= given,
}

function isIn(field: NamedField, literals: readonly ODataLiteral[]): Condition {
  const given = literals.filter(({ kind }) => kind !== 'null' || field.kind === 'texts')
  const hasNull = given.length < literals.length
  if (given.length === 0) return compare(field, 'eq', { kind: 'null' })
  const values = given.map((literal) => comparedValue(field, literal))
  if (field.kind === 'choice') return chosen(field, (word) => values.includes(word))
  const listed = sql<SqlBool>`(${field.column} is not null and ${comparedColumn(field)} in (${sql.join(values)}))`
  return hasNull ? sql`(${field.column} is null or ${listed})` : listed
}

function match(
  { function: call, value, position }: ODataFilter & { kind: 'match' },
  field: NamedField,
  dialect: Dialect,
): Condition {
  if (field.kind === 'choice') {
    const part = asciiLower(value)
    return chosen(field, (word) => MATCHES[call](asciiLower(word), part))
  }
  if (field.kind !== 'text' && field.kind !== 'word' && field.kind !== 'id') {
    throw new ODataError('$filter', position, `a property that holds text for ${call}`, quoted(field.name))
  }
  const matches = matchText(call, ...matched(field, value), dialect)
  return field.nullable ? sql`(${field.column} is not null and ${matches})` : sql`(${matches})`
}

const MATCHES: Record<MatchFunction, (word: string, part: string) => boolean> = {
  startswith: (word, part) => word.startsWith(part),
  endswith: (word, part) => word.endsWith(part),
  contains: (word, part) => word.includes(part),
}

/** The column to look into, and what to look for there. */
function matched(field: NamedField, text: string): [RawBuilder<unknown>, string] {
  switch (field.kind) {
    case 'text':
      return field.caseless ? [field.caseless.column, field.caseless.fold(text)] : [field.column, text]
    case 'word':
      return [sql`lower(${field.column})`, asciiLower(text)]
    default:
      return [field.column, asciiLower(text)]
  }
}

function any(filter: ODataFilter & { kind: 'any' }, field: NamedField, dialect: Dialect): Condition {
  if (field.kind !== 'texts') {
    throw new ODataError('$filter', filter.position, 'a property that is a list for any', quoted(field.name))
  }
  return anyOf(filter, field, dialect, filterToSql)
}
