import { type Instant, parseInstant } from '../instant.ts'
import type { ODataLiteral } from './odata-filter.ts'

/** Reads a value for a property that holds text or an id: quoted text, or a GUID without quotes. */
export function literalText(literal: ODataLiteral): string | undefined {
  return literal.kind === 'string' || literal.kind === 'guid' ? literal.value : undefined
}

/** Reads a value for a property that holds a moment: a date-time, with or without quotes. */
export function literalInstant(literal: ODataLiteral): Instant | undefined {
  if (literal.kind === 'dateTime') return literal.value
  return literal.kind === 'string' ? parseInstant(literal.value) : undefined
}

/** Reads a value for a property that holds a number: a number, or quoted digits as some clients write them. */
export function literalNumber(literal: ODataLiteral): number | undefined {
  if (literal.kind === 'number') return literal.value
  return literal.kind === 'string' && /^-?\d{1,15}$/.test(literal.value) ? Number(literal.value) : undefined
}

/** Reads a value for a property that is true or false. */
export function literalBoolean(literal: ODataLiteral): boolean | undefined {
  return literal.kind === 'boolean' ? literal.value : undefined
}
