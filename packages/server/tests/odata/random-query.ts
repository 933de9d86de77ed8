import {
  COMPARE_OPERATORS,
  formatInstant,
  type Instant,
  MATCH_FUNCTIONS,
  type ODataFilter,
  type ODataLiteral,
  type OrderBy,
} from '@fleetsweep/protocol'
import fc from 'fast-check'
import type { Item, ListMeaning, Property } from './evaluate.ts'

/** Characters that databases treat in ways of their own: wildcards, quotes, folding, and the ends of Unicode. */
const CHARACTERS = [
  ...[
    'a',
    'A',
    'b',
    'B',
    'k',
    'K',
    's',
    '1',
    ' ',
    '.',
    ',',
    '%',
    '_',
    '\\',
    "'",
    '"',
    '[',
    ']',
    '\n',
    '\t',
    '\u0001',
  ],
  ...['é', 'É', 'e\u0301', 'ß', 'ẞ', 'İ', 'ı', 'K', 'ſ', 'Σ', 'ς', '中', '\u00a0', '\ufeff'],
  ...['\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'],
]

/** Short text full of traps, so that several rows share it or its beginning. */
export const trickyText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...CHARACTERS), { maxLength: 5 })
  .map((characters) => characters.join(''))

export const trickyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, -(2 ** 31), 2 ** 51 + 1),
)

/** The first and the last moment that can be written: years 1 to 9999. */
const FIRST = -62_135_596_800_000_000
const LAST = 253_402_300_799_000_000
const DAY = 86_400_000_000

/** Near each other, or at the ends of time. */
export const trickyInstant: fc.Arbitrary<Instant> = fc
  .oneof(
    fc.integer({ min: 0, max: 3 }).map((day) => 1_763_856_000_000_000 + day * DAY),
    fc.integer({ min: 0, max: 9 }).map((micros) => 1_763_856_000_123_450 + micros),
    fc.constantFrom(0, -1, -DAY),
  )
  .map((micros) => micros as Instant)

const farInstant = fc.constantFrom(FIRST, LAST).map((micros) => micros as Instant)

/**
 * Random queries that a list can answer. Their values are mostly those that the items have, or nearly.
 *
 * @param items whose values are taken
 */
export function queriesOf(
  { properties }: Pick<ListMeaning, 'properties'>,
  items: readonly Item[],
): fc.Arbitrary<{ filter?: ODataFilter; orderBy: OrderBy[] }> {
  const names = Object.keys(properties)
  const orders = names
    .filter((name) => properties[name]?.kind !== 'texts')
    .map((field) =>
      fc.constantFrom<OrderBy>(
        { field: field.toUpperCase(), direction: 'asc' },
        { field, direction: 'desc' },
      ),
    )
  const leaves = names.map((name) => leavesOf(name, properties[name], valuesOf(items, name)))
  return fc.record(
    {
      filter: combined(fc.oneof(...leaves)),
      orderBy: fc.array(fc.oneof(...orders), { maxLength: 4 }),
    },
    { requiredKeys: ['orderBy'] },
  )
}

/** A value that an item has; null where none has one. */
function valuesOf(items: readonly Item[], name: string): fc.Arbitrary<Item[string]> {
  const values = items.map((item) => item[name] ?? null).filter((value) => value !== null)
  return values.length === 0 ? fc.constant(null) : fc.constantFrom(...values)
}

function combined(leaf: fc.Arbitrary<ODataFilter>): fc.Arbitrary<ODataFilter> {
  return fc.letrec<{ filter: ODataFilter }>((tie) => {
    const joined = (kind: 'and' | 'or') =>
      fc
        .array(tie('filter'), { minLength: 2, maxLength: 3 })
        .map((operands): ODataFilter => ({ kind, operands }))
    return {
      filter: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        leaf,
        joined('and'),
        joined('or'),
        tie('filter').map((operand): ODataFilter => ({ kind: 'not', operand })),
      ),
    }
  }).filter
}

function leavesOf(
  name: string,
  property: Property | undefined,
  values: fc.Arbitrary<Item[string]>,
): fc.Arbitrary<ODataFilter> {
  if (property === undefined) throw new Error(`There is no property ${name}.`)
  const field = fc.constantFrom(name, name.toLowerCase(), name.toUpperCase())
  if (property.kind === 'texts') return anyItem(field, values)
  const literals = literalsOf(property, values)
  return fc.oneof(
    comparison(field, literals),
    fc.record({
      kind: fc.constant('in' as const),
      field,
      values: fc.array(literals, { minLength: 1, maxLength: 3 }),
    }),
    ...(property.kind === 'text' || property.kind === 'word' || property.kind === 'id'
      ? [match(field, values)]
      : []),
  )
}

function comparison(
  field: fc.Arbitrary<string>,
  value: fc.Arbitrary<ODataLiteral>,
): fc.Arbitrary<ODataFilter> {
  const operator = fc.constantFrom(...COMPARE_OPERATORS)
  return fc.record({ kind: fc.constant('compare' as const), field, operator, value })
}

function match(field: fc.Arbitrary<string>, values: fc.Arbitrary<Item[string]>): fc.Arbitrary<ODataFilter> {
  return fc.record({
    kind: fc.constant('match' as const),
    function: fc.constantFrom(...MATCH_FUNCTIONS),
    field,
    value: fc.oneof(trickyText, partOf(values)),
  })
}

function anyItem(field: fc.Arbitrary<string>, lists: fc.Arbitrary<Item[string]>): fc.Arbitrary<ODataFilter> {
  const items = lists.chain((list) =>
    Array.isArray(list) && list.length > 0 ? fc.constantFrom<string>(...list) : trickyText,
  )
  const variable = fc.constant('t')
  const leaf = fc.oneof(
    comparison(variable, text(items)),
    match(variable, items),
    fc.record({
      kind: fc.constant('in' as const),
      field: variable,
      values: fc.array(text(items), { minLength: 1, maxLength: 3 }),
    }),
  )
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('any' as const), field }) },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('any' as const), field, variable, predicate: combined(leaf) }),
    },
  )
}

function literalsOf(property: Property, values: fc.Arbitrary<Item[string]>): fc.Arbitrary<ODataLiteral> {
  const fitting = fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: fc.constant(null) })
  const literal = fitting.chain((value): fc.Arbitrary<ODataLiteral> => {
    switch (property.kind) {
      case 'instant':
        return moment(
          typeof value === 'number' ? fc.constant(value as Instant) : fc.oneof(trickyInstant, farInstant),
        )
      case 'number':
        return number(typeof value === 'number' ? fc.constant(value) : trickyNumber)
      case 'boolean':
        return fc.boolean().map((given) => ({ kind: 'boolean', value: given }))
      case 'word':
        return text(fc.oneof(cased(fc.constantFrom(...property.words)), trickyText))
      default:
        return text(typeof value === 'string' ? cased(fc.constant(value)) : trickyText)
    }
  })
  return fc.oneof(
    { weight: 6, arbitrary: literal },
    { weight: 1, arbitrary: fc.constant({ kind: 'null' as const }) },
  )
}

function text(values: fc.Arbitrary<string>): fc.Arbitrary<ODataLiteral> {
  return values.map((value) => ({ kind: 'string', value }))
}

function number(values: fc.Arbitrary<number>): fc.Arbitrary<ODataLiteral> {
  return values.map((value) => ({ kind: 'number', value, text: String(value) }))
}

function moment(values: fc.Arbitrary<Instant>): fc.Arbitrary<ODataLiteral> {
  return values.map((value) => ({ kind: 'dateTime', value, text: formatInstant(value) }))
}

function cased(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return values.chain((value) => fc.constantFrom(value, value.toUpperCase(), value.toLowerCase()))
}

/** A piece of a text, cut between characters. */
function partOf(values: fc.Arbitrary<Item[string]>): fc.Arbitrary<string> {
  return fc.tuple(values, fc.nat(4), fc.nat(4), fc.boolean()).map(([value, from, length, isUpper]) => {
    const part = [...String(value ?? '')].slice(from, from + length).join('')
    return isUpper ? part.toUpperCase() : part
  })
}
