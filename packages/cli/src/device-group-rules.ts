import {
  type DeviceGroupRules,
  RULE_OPERATORS,
  RULE_PROPERTIES,
  type RuleCondition,
  type RuleProperty,
} from '@fleetsweep/protocol'
import { UsageError } from './command.ts'

/**
 * Reads conditions such as `tag equals lab`; conditions on one property are alternatives.
 *
 * @returns undefined when there are none
 * @throws UsageError that says how a condition looks
 */
export function readRules(conditions: readonly string[]): DeviceGroupRules | undefined {
  if (conditions.length === 0) return undefined
  const rules: Partial<Record<RuleProperty, RuleCondition[]>> = {}
  for (const text of conditions) {
    const [, first = '', second = '', value] = /^\s*(\S+)\s+(\S+)\s+(.*\S)\s*$/s.exec(text) ?? []
    const property = RULE_PROPERTIES.find((known) => known.toLowerCase() === first.toLowerCase())
    const operator = RULE_OPERATORS.find((known) => known.toLowerCase() === second.toLowerCase())
    if (!property || !operator || value === undefined) throw new UsageError(explain(text))
    rules[property] = [...(rules[property] ?? []), { operator, value }]
  }
  return rules
}

/** Such as `(name startsWith srv- or name startsWith db-) and tag equals prod`. */
export function rulesInWords(rules: DeviceGroupRules): string {
  const parts = RULE_PROPERTIES.flatMap((property) => {
    const words = (rules[property] ?? []).map(({ operator, value }) => `${property} ${operator} ${value}`)
    if (words.length === 0) return []
    return [words.length === 1 ? words.join() : `(${words.join(' or ')})`]
  })
  return parts.join(' and ')
}

function explain(text: string): string {
  return `--rule takes "<property> <operator> <value>", not "${text}": ${RULE_PROPERTIES.join(', ')}; ${RULE_OPERATORS.join(', ')}.`
}
