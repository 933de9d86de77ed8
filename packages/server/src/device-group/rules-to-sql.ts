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
    const dot = sql`${sql.raw(dialect === 'sqlite' ? 'instr' : 'strpos')}(computer_dns_name_lower, '.')`
    // Without a dot there is no domain, and the whole name must not stand for one.
    const domain = sql`substr(computer_dns_name_lower, ${dot} + 1)`
    return sql`(${dot} > 0 and ${anyOf(conditions, domain)})`
  },
  tag: (conditions, dialect) => {
    const tags =
      dialect === 'sqlite'
        ? sql`json_each(tags_lower)`
        : sql`(select json_array_elements_text(tags_lower::json) collate "C" as value)`
    return sql`exists (select 1 from ${tags} as tag where ${anyOf(conditions, sql`tag.value`)})`
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

function like(text: RawBuilder<unknown>, pattern: string): Sql {
  return sql`${text} like ${pattern} escape '\\'`
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
