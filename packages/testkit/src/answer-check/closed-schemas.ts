type Schema = Readonly<Record<string, unknown>>

/**
 * Schemas of the same name that take no member which they do not name. Clients must ignore such members; a server that
 * sends them tells more than its description does.
 *
 * @returns a schema to look them up in, as `#/closed/…`
 */
export function closeSchemas(schemas: Readonly<Record<string, Schema>>): Record<string, unknown> {
  return { closed: mapValues(schemas, close), open: mapValues(schemas, open) }
}

/** For a schema that stands alone. References are to what `closeSchemas` returns. */
export function close(schema: Schema): Schema {
  const isOfParts = Array.isArray(schema.allOf)
  const isClosed = 'additionalProperties' in schema || !('properties' in schema || isOfParts)
  return { ...spell(schema, 'closed'), ...(isClosed ? {} : { unevaluatedProperties: false }) }
}

/** For one part of several that make up a whole: what it does not name, another part may. */
function open(schema: Schema): Schema {
  return spell(schema, 'open')
}

function spell(schema: Schema, kind: 'closed' | 'open'): Schema {
  const spelled = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (keyword === '$ref') return [keyword, String(value).replace('#/components/schemas/', `#/${kind}/`)]
    if (keyword === 'properties') return [keyword, mapValues(value as Record<string, Schema>, close)]
    if (keyword === 'allOf') return [keyword, (value as Schema[]).map(open)]
    if (keyword === 'anyOf' || keyword === 'oneOf') return [keyword, (value as Schema[]).map(close)]
    if (keyword === 'items' || keyword === 'additionalProperties') {
      return [keyword, typeof value === 'object' && value !== null ? close(value as Schema) : value]
    }
    return [keyword, value]
  })
  return Object.fromEntries(spelled)
}

function mapValues(
  of: Readonly<Record<string, Schema>>,
  change: (schema: Schema) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(Object.entries(of).map(([name, schema]) => [name, change(schema)]))
}
