import {
  type DeviceGroupRules,
  RULE_PROPERTIES,
  type RuleCondition,
  type RuleOperator,
  type RuleProperty,
} from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../kit/db/query.ts'

type Sql = RawBuilder<SqlBool>

/** The condition that a row of `machine` is matched; it is true or false, never unknown. */
export function matchesRules(rules: DeviceGroupRules, dialect: Dialect): Sql {
  const properties = RULE_PROPERTIES.flatMap((property) => {
    const conditions = rules[property]
    return conditions === undefined ? [] : [PROPERTIES[property](conditions, dialect)]
  })
  // Rules without a property are refused at the edge; should there be some all the same, they match nothing.
  if (properties.length === 0) return sql`1 = 0`
  return sql`(${sql.join(properties, sql` and `)})`
}

const PROPERTIES: Record<RuleProperty, (conditions: readonly RuleCondition[], dialect: Dialect) => Sql> = {
  name: (conditions) => anyOf(conditions, sql`computer_dns_name_lower`),
  domain: (conditions, dialect) => {
    const dot = position('computer_dns_name_lower', '.', dialect)
    // Without a dot there is no domain, and the whole name must not stand for one.
    const domain = sql`substr(computer_dns_name_lower, ${dot} + 1)`
    return sql`(${dot} > 0 and ${anyOf(conditions, domain)})`
  },
  tag: (conditions, dialect) => {
    const lines = conditions.map(({ operator, value }) => TAG_LINES[operator](asLine(value)))
    const found = lines.map((text) => sql`${position('tags_lower', text, dialect)} > 0`)
    return sql`(${sql.join(found, sql` or `)})`
  },
  // Names of systems are ASCII, which both databases fold alike.
  osPlatform: (conditions) => anyOf(conditions, sql`lower(os_platform)`),
}

function anyOf(conditions: readonly RuleCondition[], text: RawBuilder<unknown>): Sql {
  const any = conditions.map(({ operator, value }) => OPERATORS[operator](text, value.toLowerCase()))
  return sql`(${sql.join(any, sql` or `)})`
}

const OPERATORS: Record<RuleOperator, (text: RawBuilder<unknown>, value: string) => Sql> = {
  equals: (text, value) => sql`${text} = ${value}`,
  startsWith: (text, value) => like(text, `${escapeLike(value)}%`),
  endsWith: (text, value) => like(text, `%${escapeLike(value)}`),
  contains: (text, value) => like(text, `%${escapeLike(value)}%`),
}

/** Tags as `tags_lower` holds them: each in lower case on a line of its own, between line breaks. */
export function linesOf(tags: readonly string[]): string {
  return tags.length === 0 ? '' : `\n${tags.map(asLine).join('\n')}\n`
}

/** What to look for in those lines. */
const TAG_LINES: Record<RuleOperator, (value: string) => string> = {
  equals: (value) => `\n${value}\n`,
  startsWith: (value) => `\n${value}`,
  endsWith: (value) => `${value}\n`,
  contains: (value) => value,
}

/** A line break within a tag counts as a blank. */
function asLine(text: string): string {
  return text.toLowerCase().replaceAll('\n', ' ')
}

/** Where a text begins in a column, counted from 1; 0 where it is not. */
function position(column: string, text: string, dialect: Dialect): RawBuilder<number> {
  return sql`${sql.raw(dialect === 'sqlite' ? 'instr' : 'strpos')}(${sql.ref(column)}, ${text})`
}

function like(text: RawBuilder<unknown>, pattern: string): Sql {
  return sql`${text} like ${pattern} escape '\\'`
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
