import { ODataError } from '@fleetsweep/protocol'
import type { Value } from './field-value.ts'
import type { NamedField } from './odata-field.ts'
import type { OrderKey } from './row-order.ts'

/** In characters. The longest that we write has a few hundred for each key. */
const MAX_TOKEN_LENGTH = 12_288

/**
 * Writes where a page ended: its order, and what its last row has for each key of it. The token is no secret; it chooses
 * among the rows that the caller may see and the filter lets through, and can do nothing else.
 */
export function writeSkipToken(keys: readonly OrderKey[], values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([orderName(keys), ...values])).toString('base64url')
}

/** @throws ODataError for a token that we did not write, or wrote for another order */
export function readSkipToken(token: string, keys: readonly OrderKey[]): (Value | null)[] {
  const refuse = (expected: string) => new ODataError('$skiptoken', undefined, expected, 'another one')
  const parts = parse(token)
  if (!parts) throw refuse('the one of a next link, as it is')
  const [order, ...values] = parts
  if (order !== orderName(keys)) throw refuse('one of a list in the same order')
  if (values.length !== keys.length) throw refuse('the one of a next link, as it is')
  return keys.map(({ field }, at) => {
    const value = values[at]
    if (!fits(field, value)) throw refuse('the one of a next link, as it is')
    return value
  })
}

function orderName(keys: readonly OrderKey[]): string {
  return keys.map(({ field, descending }) => `${field.name}${descending ? ' desc' : ''}`).join(',')
}

function parse(token: string): unknown[] | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    return Array.isArray(parts) ? parts : undefined
  } catch {
    return undefined
  }
}

function fits(field: NamedField, value: unknown): value is Value | null {
  if (value === null) return field.nullable === true
  switch (field.kind) {
    case 'instant':
    case 'number':
    case 'choice':
      return Number.isSafeInteger(value)
    case 'boolean':
      return value === 0 || value === 1
    case 'text':
    case 'word':
    case 'id':
      // PostgreSQL takes no text with a NUL, and neither database a half of a character.
      return typeof value === 'string' && !value.includes('\0') && value.isWellFormed()
    case 'texts':
      return false
  }
}
