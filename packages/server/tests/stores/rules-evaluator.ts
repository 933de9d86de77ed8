import {
  type DeviceGroupId,
  type DeviceGroupRules,
  RULE_PROPERTIES,
  type RuleCondition,
  type RuleProperty,
  UNGROUPED,
} from '@fleetsweep/protocol'
import type { StoredMachine } from '../../src/machine/index.ts'

/** What rules look at. */
export type RuledMachine = Pick<StoredMachine, 'computerDnsName' | 'osPlatform' | 'tags'>

/** Where a machine belongs, said without SQL: `ranked` begins with the highest rank. */
export function groupOf(
  machine: RuledMachine,
  ranked: readonly { id: DeviceGroupId; rules: DeviceGroupRules }[],
): DeviceGroupId {
  return ranked.find(({ rules }) => isMatched(machine, rules))?.id ?? UNGROUPED
}

function isMatched(machine: RuledMachine, rules: DeviceGroupRules): boolean {
  return RULE_PROPERTIES.every((property) => {
    const conditions = rules[property]
    if (conditions === undefined) return true
    const texts = textsOf(machine, property).map((text) => text.toLowerCase())
    return texts.some((text) => conditions.some((condition) => isFulfilled(text, condition)))
  })
}

function textsOf({ computerDnsName, osPlatform, tags }: RuledMachine, property: RuleProperty): string[] {
  const [, ...domain] = computerDnsName.split('.')
  const texts: Record<RuleProperty, string[]> = {
    name: [computerDnsName],
    domain: domain.length === 0 ? [] : [domain.join('.')],
    tag: tags.map((tag) => tag.replaceAll('\n', ' ')),
    osPlatform: [osPlatform],
  }
  return texts[property]
}

function isFulfilled(text: string, { operator, value }: RuleCondition): boolean {
  const wanted = value.toLowerCase()
  switch (operator) {
    case 'equals':
      return text === wanted
    case 'startsWith':
      return text.startsWith(wanted)
    case 'endsWith':
      return text.endsWith(wanted)
    case 'contains':
      return text.includes(wanted)
  }
}
