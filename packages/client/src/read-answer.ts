import type { Static, TSchema } from 'typebox'

/**
 * How far an answer may be from its schema. In either way unknown members are kept, and a word that is not in the
 * vocabulary, a longer text or a larger number is taken as it is: they are what a newer server says.
 *
 * - `fleet`: every member is there; one that may be null may also be missing, as an older server leaves it out
 * - `defender`: of any make, Microsoft's included, whose reference promises less than it lists: anything may be null or
 *   missing but an entity's `id` and a list's `value`. What is missing is read as null, a missing list as an empty one
 */
export type Reading = 'fleet' | 'defender'

type Word = string | number | boolean

/** The part of JSON Schema that the protocol's schemas are made of. */
type Shape = {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
  readonly enum?: readonly Word[]
  readonly const?: Word
}

/** What an entity of the Defender API, or a list of them, is nothing without. */
const ALWAYS_THERE = /^((value\[\d+\]\.)?id|value)$/

/** Where an answer is not what it should be, such as `machineTags is text instead of a list`. */
export class Misfit extends Error {
  override readonly name = 'Misfit'
}

/**
 * Reads what a server answered.
 *
 * @throws Misfit when it has another shape
 */
export function readAnswer<S extends TSchema>(schema: S, answer: unknown, how: Reading): Static<S> {
  // Read member by member: here the schema's type has become true.
  return read(schema, answer, { how, at: '' }) as Static<S>
}

/** The answer when it fits, else `undefined`. */
export function fitting<S extends TSchema>(schema: S, answer: unknown): Static<S> | undefined {
  try {
    return readAnswer(schema, answer, 'fleet')
  } catch (error) {
    if (error instanceof Misfit) return undefined
    throw error
  }
}

type Place = {
  how: Reading
  at: string
  /** In one of several shapes: there a fixed word tells which of them it is. */
  isOneOf?: boolean
}

function read(shape: Shape, value: unknown, place: Place): unknown {
  if (shape.anyOf) return readOneOf(shape.anyOf, value, place)
  if (shape.allOf) return readAll(shape.allOf, value, place)
  const word = shape.const ?? shape.enum?.[0]
  // One of a vocabulary, which may have grown.
  if (word !== undefined) return ofType(word, value, place)
  switch (shape.type) {
    case 'object':
      return readObject(shape, value, place)
    case 'array':
      if (!Array.isArray(value)) throw misfit(value, 'a list', place)
      return value.map((item, n) =>
        read(shape.items ?? {}, item, { how: place.how, at: `${place.at}[${n}]` }),
      )
    case 'string':
      return ofType('', value, place)
    case 'number':
    case 'integer':
      return ofType(0, value, place)
    case 'boolean':
      return ofType(true, value, place)
    default:
      // Anything at all; and what is always null or empty today, to say nothing of tomorrow.
      return value
  }
}

function readObject(shape: Shape, value: unknown, place: Place): unknown {
  if (!isObject(value)) throw misfit(value, 'an object', place)
  const object: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(shape.properties ?? {})) {
    const at = place.at === '' ? name : `${place.at}.${name}`
    const isRequired = shape.required?.includes(name) === true
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    if (given === undefined || given === null) {
      const filled = readNothing(member, { how: place.how, at }, { isRequired, wasNull: given === null })
      if (filled === undefined) delete object[name]
      else object[name] = filled
    } else if (place.isOneOf && member.const !== undefined) {
      if (given !== member.const) throw misfit(given, `“${String(member.const)}”`, { how: place.how, at })
    } else {
      object[name] = read(member, given, { how: place.how, at })
    }
  }
  const [others] = Object.values(shape.patternProperties ?? {})
  if (others) {
    for (const [name, given] of Object.entries(value)) {
      object[name] = read(others, given, { how: place.how, at: `${place.at}.${name}` })
    }
  }
  return object
}

/** A member that is missing or null: null, an empty list, or `undefined` where it is to stay away. */
function readNothing(
  member: Shape,
  place: Place,
  { isRequired, wasNull }: { isRequired: boolean; wasNull: boolean },
): unknown {
  if (mayBeNull(member)) return wasNull || isRequired ? null : undefined
  if (!isRequired) return undefined
  if (place.how === 'fleet' || ALWAYS_THERE.test(place.at)) {
    throw new Misfit(`${place.at} is ${wasNull ? 'null' : 'missing'}`)
  }
  return member.type === 'array' ? [] : null
}

function mayBeNull(shape: Shape): boolean {
  if (shape.anyOf) return shape.anyOf.some(mayBeNull)
  // Without a type it is a vocabulary, a sum of shapes, or anything at all.
  return shape.type === 'null' || (shape.type === undefined && !shape.enum && !shape.allOf)
}

function readOneOf(shapes: readonly Shape[], value: unknown, place: Place): unknown {
  if (value === null && shapes.some(mayBeNull)) return null
  const others = shapes.filter(({ type }) => type !== 'null')
  const [first] = others
  if (first && others.length === 1) return read(first, value, place)
  let why: Misfit | undefined
  for (const shape of others) {
    try {
      return read(shape, value, { ...place, isOneOf: true })
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      why ??= error
    }
  }
  throw why ?? misfit(value, 'null', place)
}

function readAll(shapes: readonly Shape[], value: unknown, place: Place): unknown {
  return shapes.reduce<unknown>((known, shape) => read(shape, known, place), value)
}

function ofType(example: Word, value: unknown, place: Place): unknown {
  if (typeof value === typeof example) return value
  throw misfit(value, nameOf(example), place)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function misfit(value: unknown, wanted: string, { at }: Place): Misfit {
  return new Misfit(`${at === '' ? 'It' : at} is ${nameOf(value)} instead of ${wanted}`)
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'true or false'
}
