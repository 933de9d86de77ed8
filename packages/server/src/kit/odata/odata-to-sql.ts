import {
  type CompareOperator,
  literalBoolean,
  literalInstant,
  literalNumber,
  literalText,
  type MatchFunction,
  type ODataFilter,
  type ODataLiteral,
} from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'
import { ApiError } from '../http/api-error.ts'
import { field, type ODataField, type ODataFields } from './odata-field.ts'

type Condition = RawBuilder<SqlBool>
type Value = string | number

/** Comes after every character that text can hold. */
const LAST_CHARACTER = '\u{10ffff}'

/**
 * Makes a condition of a filter. It is true or false for every row, never unknown: null equals null alone, differs
 * from everything else, and is neither more nor less than anything.
 *
 * @throws ApiError `ODataError` for a property that cannot be filtered by, or a value that does not fit it
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
      return compare(filter.field, getField(filter.field, fields), filter.operator, filter.value)
    case 'in':
      return isIn(filter.field, getField(filter.field, fields), filter.values)
    case 'match':
      return match(filter.field, getField(filter.field, fields), filter.function, filter.value)
    case 'any':
      return any(filter, fields, dialect)
  }
}

/** @throws ApiError `ODataError` when there is no such property */
export function getField(name: string, fields: ODataFields): ODataField {
  const known = fields.get(name.toLowerCase())
  if (!known) {
    throw new ApiError('ODataError', `There is no property '${name}' to filter or order by`)
  }
  return known
}

function compare(
  name: string,
  field: ODataField,
  operator: CompareOperator,
  literal: ODataLiteral,
): Condition {
  if (field.kind === 'texts') throw new ApiError('ODataError', `'${name}' is a list: use ${name}/any(…)`)
  if (literal.kind === 'null') {
    // Two nulls are equal, so each is also at most and at least the other.
    const isNull = sql<SqlBool>`${field.column} is null`
    if (operator === 'eq' || operator === 'ge' || operator === 'le') return sql`(${isNull})`
    return operator === 'ne' ? sql`(not ${isNull})` : sql`(1 = 0)`
  }
  const { column, value } = comparable(name, field, literal)
  const compared = sql<SqlBool>`${column} ${OPERATORS[operator]} ${value}`
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

function isIn(name: string, field: ODataField, literals: readonly ODataLiteral[]): Condition {
  const given = literals.filter(({ kind }) => kind !== 'null')
  const hasNull = given.length < literals.length
  const [first] = given
  if (!first) return compare(name, field, 'eq', { kind: 'null' })
  if (field.kind === 'texts') return compare(name, field, 'eq', first)
  const values = given.map((literal) => comparable(name, field, literal).value)
  const { column } = comparable(name, field, first)
  const listed = sql<SqlBool>`(${field.column} is not null and ${column} in (${sql.join(values)}))`
  return hasNull ? sql`(${field.column} is null or ${listed})` : listed
}

/** The column to compare, and the value as that column holds it. */
function comparable(
  name: string,
  field: ODataField,
  literal: ODataLiteral,
): { column: RawBuilder<unknown>; value: Value } {
  const wants = (what: string) => new ApiError('ODataError', `'${name}' is compared with ${what}`)
  switch (field.kind) {
    case 'text': {
      const text = literalText(literal)
      if (text === undefined) throw wants('text in single quotes')
      return field.lower
        ? { column: field.lower, value: text.toLowerCase() }
        : { column: field.column, value: text }
    }
    case 'word': {
      const text = literalText(literal)
      if (text === undefined) throw wants('a word in single quotes')
      const word = field.words.find((known) => known.toLowerCase() === text.toLowerCase())
      return { column: field.column, value: word ?? text }
    }
    case 'id': {
      // An id of digits alone needs no quotes to be one.
      const text = literal.kind === 'number' ? String(literal.value) : literalText(literal)
      if (text === undefined) throw wants('an id')
      return { column: field.column, value: text.toLowerCase() }
    }
    case 'instant': {
      const instant = literalInstant(literal)
      if (instant === undefined) throw wants('a date-time such as 2026-11-23T08:00:00Z')
      return { column: field.column, value: instant }
    }
    case 'number': {
      const number = literalNumber(literal)
      if (number === undefined || !Number.isSafeInteger(number)) throw wants('a whole number')
      return { column: field.column, value: number }
    }
    case 'boolean': {
      const boolean = literalBoolean(literal)
      if (boolean === undefined) throw wants('true or false')
      return { column: field.column, value: boolean ? 1 : 0 }
    }
    case 'texts':
      throw wants('any(…)')
  }
}

function match(name: string, field: ODataField, call: MatchFunction, text: string): Condition {
  if (field.kind !== 'text' && field.kind !== 'word' && field.kind !== 'id') {
    throw new ApiError('ODataError', `${call} looks into text, and '${name}' is none`)
  }
  const exact = field.kind === 'text' && field.lower === undefined
  const value = exact ? text : text.toLowerCase()
  const column = lowerColumn(field)
  const matches =
    call === 'startswith'
      ? // A range, so that an index serves it.
        sql<SqlBool>`(${column} >= ${value} and ${column} < ${value + LAST_CHARACTER})`
      : sql<SqlBool>`${column} like ${`%${escapeLike(value)}${call === 'contains' ? '%' : ''}`} escape '\\'`
  return field.nullable ? sql`(${field.column} is not null and ${matches})` : sql`(${matches})`
}

function lowerColumn(field: ODataField): RawBuilder<unknown> {
  if (field.kind === 'text') return field.lower ?? field.column
  return field.kind === 'word' ? sql`lower(${field.column})` : field.column
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function any(filter: ODataFilter & { kind: 'any' }, fields: ODataFields, dialect: Dialect): Condition {
  const list = getField(filter.field, fields)
  if (list.kind !== 'texts') {
    throw new ApiError('ODataError', `any looks into lists, and '${filter.field}' is none`)
  }
  const items = dialect === 'sqlite' ? sql`json_each(${list.column})` : jsonElements(list.column)
  const item = field.text(sql`item.value`)
  const predicate = filterToSql(filter.predicate, new Map([[filter.variable.toLowerCase(), item]]), dialect)
  return sql`(exists (select 1 from ${items} as item where ${predicate}))`
}

function jsonElements(column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select json_array_elements_text(${column}::json) collate "C" as value)`
}
