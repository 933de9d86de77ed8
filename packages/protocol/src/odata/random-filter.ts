import fc from 'fast-check'
import { formatInstant, instantFromMs } from '../instant.ts'
import { COMPARE_OPERATORS, MATCH_FUNCTIONS, type ODataFilter, type ODataLiteral } from './odata-filter.ts'

const names = fc.constantFrom('id', 'Status', 'machineTags', 'last_seen', 'orbit', 'anything', 'x1')
const fields = fc.array(names, { minLength: 1, maxLength: 2 }).map((segments) => segments.join('/'))
const texts = fc.string({ unit: 'grapheme', maxLength: 12 })

const literals: fc.Arbitrary<ODataLiteral> = fc.oneof(
  texts.map((value) => ({ kind: 'string' as const, value })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (value === 0 ? 0 : value))
    .map((value) => ({ kind: 'number' as const, value, text: String(value) })),
  fc.boolean().map((value) => ({ kind: 'boolean' as const, value })),
  fc.constant({ kind: 'null' as const }),
  fc.uuid().map((value) => ({ kind: 'guid' as const, value })),
  fc.integer({ min: 0, max: 4_102_444_800_000 }).map((ms) => {
    const value = instantFromMs(ms)
    return { kind: 'dateTime' as const, value, text: formatInstant(value) }
  }),
)

const leaves: fc.Arbitrary<ODataFilter> = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    field: fields,
    operator: fc.constantFrom(...COMPARE_OPERATORS),
    value: literals,
  }),
  fc.record({
    kind: fc.constant('in' as const),
    field: fields,
    values: fc.array(literals, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('match' as const),
    function: fc.constantFrom(...MATCH_FUNCTIONS),
    field: fields,
    value: texts,
  }),
)

/** Random filter trees for property tests, in the normal form that the parser yields. */
export const filters: fc.Arbitrary<ODataFilter> = fc.letrec<{ filter: ODataFilter }>((tie) => {
  const operands = (kind: 'and' | 'or') =>
    fc
      .array(tie('filter'), { minLength: 2, maxLength: 4 })
      .map((list) => list.flatMap((operand) => (operand.kind === kind ? operand.operands : [operand])))
      .map((list) => ({ kind, operands: list }))
  return {
    filter: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaves,
      operands('and'),
      operands('or'),
      tie('filter').map((operand) => ({ kind: 'not' as const, operand })),
      fc.record({
        kind: fc.constant('any' as const),
        field: fields,
        variable: fc.constantFrom('t', 'tag'),
        predicate: tie('filter'),
      }),
      fc.record({ kind: fc.constant('any' as const), field: fields }),
    ),
  }
}).filter
