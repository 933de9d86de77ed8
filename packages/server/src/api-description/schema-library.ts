import * as protocol from '@fleetsweep/protocol'
import { Type } from 'typebox'
import type { JsonSchema } from './openapi-document.ts'

/**
 * Writes the schemas of the code as JSON Schemas, and each one that has a name once: what the protocol exports is named
 * as there, anything else by its title.
 */
export class SchemaLibrary {
  /** What was named so far, by its name. */
  readonly schemas: Record<string, JsonSchema> = {}

  /** A schema that nothing else refers to, or a reference to one that has a name. */
  write(schema: object): JsonSchema {
    const name = nameOf(schema)
    if (name === undefined) return this.#spell(schema)
    if (!(name in this.schemas)) {
      // Taken before it is spelled out: it may contain itself.
      this.schemas[name] = {}
      this.schemas[name] = this.#spell(schema)
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  #spell(schema: object): JsonSchema {
    const spelled = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, this.#spellKeyword(keyword, value)]),
    )
    return simplify(spelled)
  }

  #spellKeyword(keyword: string, value: unknown): unknown {
    if (keyword === 'properties' || keyword === 'patternProperties') {
      return Object.fromEntries(Object.entries(value as object).map(([name, of]) => [name, this.write(of)]))
    }
    if (isSchemas(keyword, value)) return value.map((each) => this.write(each))
    if (isSchema(keyword, value)) return this.write(value)
    return value
  }
}

function isSchemas(keyword: string, value: unknown): value is object[] {
  return ['anyOf', 'allOf', 'oneOf', 'prefixItems'].includes(keyword) && Array.isArray(value)
}

function isSchema(keyword: string, value: unknown): value is object {
  return (
    ['items', 'not', 'additionalProperties'].includes(keyword) && typeof value === 'object' && value !== null
  )
}

const NAMED = Object.entries<unknown>(protocol).flatMap(([name, value]): [string, object][] =>
  Type.IsSchema(value) ? [[name, value]] : [],
)
const NAME_OF = new Map(NAMED.map(([name, schema]) => [schema, name]))
/** An optional member of an object is a copy of its schema, so it is known by what it says. */
const NAME_OF_TEXT = new Map(
  NAMED.filter(([, schema]) => 'properties' in schema).map(([name, schema]) => [
    JSON.stringify(schema),
    name,
  ]),
)

function nameOf(schema: object): string | undefined {
  const known = NAME_OF.get(schema) ?? NAME_OF_TEXT.get(JSON.stringify(schema))
  return known ?? ('title' in schema && typeof schema.title === 'string' ? schema.title : undefined)
}

/** Says the same in the words that readers and generators know best. */
function simplify(schema: JsonSchema): JsonSchema {
  const { patternProperties, anyOf, ...rest } = schema
  if (patternProperties !== undefined) {
    // A record: TypeBox writes its keys as a pattern that everything matches.
    const [[pattern, value] = [], ...others] = Object.entries(patternProperties as Record<string, unknown>)
    if (pattern === '^.*$' && others.length === 0) return { ...rest, additionalProperties: value }
  }
  if (Array.isArray(anyOf)) return { ...simplifyChoice(anyOf), ...rest }
  const { enum: words } = schema
  const isText = Array.isArray(words) && words.every((word) => typeof word === 'string')
  return isText ? { type: 'string', ...schema } : schema
}

function simplifyChoice(choices: readonly JsonSchema[]): JsonSchema {
  const [one, ...others] = choices.filter(({ type }) => type !== 'null')
  const isNullable = choices.length > others.length + 1
  if (one && others.length === 0 && isNullable && typeof one.type === 'string' && !('enum' in one)) {
    return { ...one, type: [one.type, 'null'] }
  }
  const words = choices.map((choice) => choice.const)
  if (words.every((word) => typeof word === 'string')) return { type: 'string', enum: words }
  return { anyOf: choices }
}
