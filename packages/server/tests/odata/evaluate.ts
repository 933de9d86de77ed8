import {
  type CompareOperator,
  literalBoolean,
  literalInstant,
  literalNumber,
  literalText,
  type ODataFilter,
  type ODataLiteral,
  type OrderBy,
} from '@fleetsweep/protocol'

// What a query means, said as plainly as it can be and without SQL: what databases answer is compared with this.

/**
 * What a property of a list is. Text is compared exactly, without case, or without the case of ASCII; `long` text is
 * ordered by its beginning.
 */
export type Property =
  | { kind: 'text'; case: 'exact' | 'unicode' | 'ascii'; long?: boolean }
  | { kind: 'word'; words: readonly string[] }
  | { kind: 'id' | 'instant' | 'number' | 'boolean' | 'texts' }

/** Properties by name, and what a list is sorted by where nobody says. */
export type ListMeaning = {
  properties: Readonly<Record<string, Property>>
  id: string
  order: OrderBy
}

type Value = string | number | boolean | readonly string[] | null
/** An instant is its number of microseconds. */
export type Item = Readonly<Record<string, Value>>

const LONG = 128

/** The items that a query finds, in its order. */
export function evaluate<Each extends Item>(
  items: readonly Each[],
  query: { filter?: ODataFilter | undefined; orderBy: readonly OrderBy[] },
  meaning: ListMeaning,
): Each[] {
  const { filter } = query
  const order = query.orderBy.length === 0 ? [meaning.order] : query.orderBy
  const last = order.at(-1)?.direction ?? 'asc'
  const keys = [...order, { field: meaning.id, direction: last }]
  return items
    .filter((item) => filter === undefined || isFulfilled(filter, item, meaning.properties))
    .toSorted((a, b) => {
      for (const { field, direction } of keys) {
        const found = findProperty(field, meaning.properties)
        const compared = compareKeys(sortKey(a, found), sortKey(b, found))
        if (compared !== 0) return direction === 'asc' ? compared : -compared
      }
      return 0
    })
}

type Named = { name: string; property: Property }

function findProperty(field: string, properties: ListMeaning['properties']): Named {
  for (const [name, property] of Object.entries(properties)) {
    if (name.toLowerCase() === field.toLowerCase()) return { name, property }
  }
  throw new Error(`There is no property ${field}.`)
}

function isFulfilled(filter: ODataFilter, item: Item, properties: ListMeaning['properties']): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.operands.every((operand) => isFulfilled(operand, item, properties))
    case 'or':
      return filter.operands.some((operand) => isFulfilled(operand, item, properties))
    case 'not':
      return !isFulfilled(filter.operand, item, properties)
    case 'compare':
      return isTrue(item, findProperty(filter.field, properties), filter.operator, filter.value)
    case 'in':
      return filter.values.some((value) => isTrue(item, findProperty(filter.field, properties), 'eq', value))
    case 'match': {
      const { name, property } = findProperty(filter.field, properties)
      const text = item[name]
      if (typeof text !== 'string') return false
      const [whole, part] = [fold(text, property), fold(filter.value, property)]
      if (filter.function === 'startswith') return whole.startsWith(part)
      return filter.function === 'endswith' ? whole.endsWith(part) : whole.includes(part)
    }
    case 'any': {
      const { variable, predicate } = filter
      const list = item[findProperty(filter.field, properties).name]
      if (!Array.isArray(list)) throw new Error(`${filter.field} is no list.`)
      if (predicate === undefined) return list.length > 0
      const each: Property = { kind: 'text', case: 'exact' }
      return list.some((text) => isFulfilled(predicate, { [variable]: text }, { [variable]: each }))
    }
  }
}

function isTrue(
  item: Item,
  { name, property }: Named,
  operator: CompareOperator,
  literal: ODataLiteral,
): boolean {
  const value = item[name] ?? null
  const given = literalValue(literal, property)
  if (value === null || given === null) {
    const areBoth = value === given
    if (operator === 'eq' || operator === 'ge' || operator === 'le') return areBoth
    return operator === 'ne' && !areBoth
  }
  const compared = compareKeys(comparable(value, property), given)
  switch (operator) {
    case 'eq':
      return compared === 0
    case 'ne':
      return compared !== 0
    case 'gt':
      return compared > 0
    case 'ge':
      return compared >= 0
    case 'lt':
      return compared < 0
    case 'le':
      return compared <= 0
  }
}

type Key = string | number | null

function literalValue(literal: ODataLiteral, property: Property): Key {
  if (literal.kind === 'null') return null
  const read = () => {
    switch (property.kind) {
      case 'text': {
        const text = literalText(literal)
        return text === undefined ? undefined : fold(text, property)
      }
      case 'word': {
        const text = literalText(literal)
        const same = (word: string) => text !== undefined && fold(word, property) === fold(text, property)
        return property.words.find(same) ?? text
      }
      case 'id': {
        const text = literalText(literal)
        return text === undefined ? undefined : fold(text, property)
      }
      case 'instant':
        return literalInstant(literal)
      case 'number':
        return literalNumber(literal)
      case 'boolean':
        return literalBoolean(literal) === undefined ? undefined : Number(literalBoolean(literal))
      case 'texts':
        return undefined
    }
  }
  const value = read()
  if (value === undefined) throw new Error(`${JSON.stringify(literal)} is no ${property.kind}.`)
  return value
}

function comparable(value: Value, property: Property): Key {
  if (value === null || typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string') return property.kind === 'text' ? fold(value, property) : value
  throw new Error('A list cannot be compared.')
}

function sortKey(item: Item, { name, property }: Named): Key {
  const key = comparable(item[name] ?? null, property)
  const isLong = property.kind === 'text' && property.long === true
  return typeof key === 'string' && isLong ? [...key].slice(0, LONG).join('') : key
}

/** For comparing without case; of words and ids that is the case of ASCII. */
function fold(text: string, property: Property): string {
  const kind = property.kind === 'text' ? property.case : 'ascii'
  if (kind === 'exact') return text
  return kind === 'unicode' ? text.toLowerCase() : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Null is least; text is in the order of its code points, which is that of its bytes in UTF-8. */
function compareKeys(a: Key, b: Key): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a - b)
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}
