// Stands in for typebox in the client's package: makes the same JSON Schema of what our schemas use, in one page
// instead of 120 KB. tests/client-package.test.ts compares the two.
const IS_OPTIONAL = Symbol('optional')

export const Type = {
  Object: (properties, options) => {
    const required = Object.keys(properties).filter((name) => !properties[name][IS_OPTIONAL])
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Partial: ({ properties }, options) => Type.Object(mapValues(properties, Type.Optional), options),
  Optional: (schema) => ({ ...schema, [IS_OPTIONAL]: true }),
  Record: (_key, value, options) => ({ type: 'object', patternProperties: { '^.*$': value }, ...options }),
  Array: (items, options) => ({ type: 'array', items, ...options }),
  Union: (anyOf, options) => ({ anyOf, ...options }),
  Intersect: (allOf, options) => ({ allOf, ...options }),
  Enum: (words, options) => ({ enum: words, ...options }),
  Literal: (word, options) => ({ type: typeof word, const: word, ...options }),
  String: (options) => ({ type: 'string', ...options }),
  Integer: (options) => ({ type: 'integer', ...options }),
  Number: (options) => ({ type: 'number', ...options }),
  Boolean: (options) => ({ type: 'boolean', ...options }),
  Null: (options) => ({ type: 'null', ...options }),
  Unknown: (options) => ({ ...options }),
  Never: (options) => ({ not: {}, ...options }),
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
}
