import {
  literalBoolean,
  literalInstant,
  literalNumber,
  literalText,
  ODataError,
  type ODataLiteral,
} from '@fleetsweep/protocol'
import type { RawBuilder } from 'kysely'
import { quoted } from './find-field.ts'
import { asciiLower, type NamedField } from './odata-field.ts'

/** As databases hold it: true and false are 1 and 0. */
export type Value = string | number

/** The column that a property is compared and ordered by. */
export function comparedColumn(field: NamedField): RawBuilder<unknown> {
  return (field.kind === 'text' && field.caseless?.column) || field.column
}

/**
 * A value as the compared column holds it.
 *
 * @throws ODataError when it does not fit the property
 */
export function comparedValue(field: NamedField, literal: ODataLiteral): Value {
  const wants = (what: string) =>
    new ODataError('$filter', literal.position, `${what} for ${field.name}`, written(literal))
  switch (field.kind) {
    case 'text': {
      const text = literalText(literal)
      if (text === undefined) throw wants('text in single quotes')
      return field.caseless ? field.caseless.fold(text) : text
    }
    case 'word':
    case 'choice': {
      const text = literalText(literal)
      if (text === undefined) throw wants('a word in single quotes')
      return knownWord(field.kind === 'word' ? field.words : [...field.choices.keys()], text) ?? text
    }
    case 'id': {
      // An id of digits alone needs no quotes to be one.
      const text = literal.kind === 'number' ? literal.text : literalText(literal)
      if (text === undefined) throw wants('an id')
      return asciiLower(text)
    }
    case 'instant': {
      const instant = literalInstant(literal)
      if (instant === undefined) throw wants('a date-time such as 2026-11-23T08:00:00Z')
      return instant
    }
    case 'number': {
      const number = literalNumber(literal)
      if (number === undefined || !Number.isSafeInteger(number)) {
        throw wants(`a whole number of at most ${Number.MAX_SAFE_INTEGER}`)
      }
      return number
    }
    case 'boolean': {
      const boolean = literalBoolean(literal)
      if (boolean === undefined) throw wants('true or false')
      return boolean ? 1 : 0
    }
    case 'texts':
      throw new ODataError('$filter', literal.position, `${field.name}/any(…)`, written(literal))
  }
}

/** The word as we write it; `undefined` for one that the property never has. */
function knownWord(words: readonly string[], text: string): string | undefined {
  return words.find((known) => asciiLower(known) === asciiLower(text))
}

function written(literal: ODataLiteral): string {
  if (literal.kind === 'null') return 'null'
  return quoted(
    literal.kind === 'dateTime' || literal.kind === 'number' ? literal.text : String(literal.value),
  )
}
