import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { mutated, oddTexts } from './odd-text.ts'

/** As much of JSON Schema as our bodies are written in. */
type Shape = {
  type?: string
  properties?: Record<string, Shape>
  items?: Shape
  anyOf?: Shape[]
  enum?: unknown[]
  const?: unknown
}

const plausible = fc.constantFrom(
  'Quick',
  'Full',
  'Add',
  'High',
  'New',
  'lab',
  'Check machine',
  'equals',
  '11111111-2222-4333-8444-555555555555',
  '0000000000000000000000000000000000000001',
  'someone@contoso.example',
  'https://hooks.invalid/in',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
)
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, -1, 1e21),
)
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  oddTexts,
  numbers,
  fc.constantFrom(null, true, [], {}, [[]], { a: { b: null } }),
)

/** Values that mostly fit a schema. */
function valuesOf(schema: Shape): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 19, arbitrary: fitting(schema) }, { weight: 1, arbitrary: anything })
}

function fitting(schema: Shape): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf))
  if (schema.type === 'object') return objectsOf(schema.properties ?? {})
  if (schema.type === 'array') return fc.array(valuesOf(schema.items ?? {}), { maxLength: 4 })
  if (schema.type === 'string') {
    return fc.oneof({ weight: 4, arbitrary: plausible }, { weight: 1, arbitrary: oddTexts })
  }
  if (schema.type === 'integer' || schema.type === 'number') return numbers
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  return anything
}

const POLLUTING = ['__proto__', 'constructor', 'prototype', 'toString', '', '\u0000', '\ud800', '评论']

/** Members as pairs: an object could not hold one twice, nor one called `__proto__`. */
function objectsOf(properties: Record<string, Shape>): fc.Arbitrary<Members> {
  const own = Object.entries(properties).map(([name, shape]) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constant(name), valuesOf(shape)) },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom(name.toLowerCase(), name.toUpperCase(), ` ${name}`),
          valuesOf(shape),
        ),
      },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
  )
  const extra = fc.tuple(fc.oneof(fc.constantFrom(...POLLUTING), oddTexts), anything)
  const repeated =
    Object.keys(properties).length === 0
      ? extra
      : fc.tuple(fc.constantFrom(...Object.keys(properties)), anything)
  const more = fc.array(fc.oneof(extra, repeated), { maxLength: 2, size: 'xsmall' })
  return fc
    .tuple(
      fc.tuple(...own),
      fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: more }),
    )
    .map(([members, others]) => new Members([...members, ...others].filter((pair) => pair !== undefined)))
}

class Members {
  readonly pairs: readonly (readonly [string, unknown])[]

  constructor(pairs: readonly (readonly [string, unknown])[]) {
    this.pairs = pairs
  }
}

function print(value: unknown): string {
  if (value instanceof Members) {
    return `{${value.pairs.map(([name, member]) => `${JSON.stringify(name)}:${print(member)}`).join()}}`
  }
  if (Array.isArray(value)) return `[${value.map(print).join()}]`
  return JSON.stringify(value) ?? 'null'
}

const SNIPPETS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\u0000',
  '\\ud800',
  '\\x',
  '//',
  'NaN',
  '\ufeff',
  '"__proto__":',
]

/** What one may send that has no shape at all. */
const garbage = fc.oneof(
  fc.json({ maxDepth: 4 }),
  oddTexts,
  fc.constantFrom(
    '',
    'null',
    '[]',
    '"x"',
    '7',
    '{}',
    '{',
    '<x/>',
    'a=1&b=2',
    '\ufeff{}',
    '{"a":1}{"a":2}',
    '{"a":1,}',
  ),
  fc.integer({ min: 1, max: 60_000 }).map((depth) => '['.repeat(depth)),
  fc.integer({ min: 1, max: 60_000 }).map((depth) => `{"Comment":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.integer({ min: 250_000, max: 270_000 }).map((size) => `{"Comment":"${'x'.repeat(size)}"}`),
)

/** Bodies for an operation: what its schema says, that with something wrong in it, and garbage. */
export function bodiesFor(schema: TSchema | undefined): fc.Arbitrary<Buffer> {
  // TypeBox's schemas are JSON Schema.
  const fit = fitting((schema ?? {}) as Shape).map(print)
  const texts = fc.oneof(
    { weight: 6, arbitrary: fit },
    { weight: 3, arbitrary: mutated(fit, SNIPPETS) },
    { weight: 2, arbitrary: garbage },
  )
  const encodings = fc.oneof(
    { weight: 12, arbitrary: fc.constant((text: string) => Buffer.from(text)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<(text: string) => Buffer>(
        (text) => Buffer.from(`\ufeff${text}`),
        (text) => Buffer.from(text, 'utf16le'),
        (text) => Buffer.from(text, 'latin1'),
        (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe, 0xc0, 0x80])]),
      ),
    },
  )
  return fc.tuple(texts, encodings).map(([text, encode]) => encode(text))
}
