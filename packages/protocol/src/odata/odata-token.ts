import { parseInstant } from '../instant.ts'
import { ODataError } from './odata-error.ts'
import type { ODataLiteral } from './odata-filter.ts'

export type ODataToken =
  | { kind: 'name'; text: string; position: number }
  | { kind: 'literal'; literal: ODataLiteral; text: string; position: number }
  | { kind: '(' | ')' | ',' | '/' | ':'; text: string; position: number }
  | { kind: 'end'; text: ''; position: number }

const BLANK = /[ \t\r\n]+/y
const STRING = /'(?:[^']|'')*'(?!')/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
// A word that begins with a digit or a sign, or is a GUID: read whole, so that `5x` is one mistake and not two tokens.
const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/iy
const DATE_TIME =
  /\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?)?(?:Z|[+-]\d{2}:\d{2})?(?![\w.:+-])/iy
const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.:+-])/iy
const PUNCTUATION = '(),/:'

/** Splits the text of an option into tokens; the last is always `end`. */
export function tokenize(option: string, text: string): ODataToken[] {
  const tokens: ODataToken[] = []
  let position = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    return pattern.exec(text)?.[0]
  }
  while (position < text.length) {
    const blank = take(BLANK)
    if (blank !== undefined) {
      position += blank.length
      continue
    }
    const token = nextToken(option, text, position, take)
    tokens.push(token)
    position += token.text.length
  }
  tokens.push({ kind: 'end', text: '', position })
  return tokens
}

function nextToken(
  option: string,
  text: string,
  position: number,
  take: (pattern: RegExp) => string | undefined,
): ODataToken {
  const first = text.charAt(position)
  if (isPunctuation(first)) return { kind: first, text: first, position }
  if (first === "'") {
    const quoted = take(STRING)
    if (quoted === undefined) throw new ODataError(option, text.length, 'a closing quote', 'the end')
    const value = quoted.slice(1, -1).replaceAll("''", "'")
    return { kind: 'literal', literal: { kind: 'string', value }, text: quoted, position }
  }
  const guid = take(GUID)
  if (guid !== undefined) {
    return { kind: 'literal', literal: { kind: 'guid', value: guid.toLowerCase() }, text: guid, position }
  }
  const moment = take(DATE_TIME)
  if (moment !== undefined) {
    const value = parseInstant(moment)
    if (value === undefined) throw new ODataError(option, position, 'a date that exists', quote(moment))
    return { kind: 'literal', literal: { kind: 'dateTime', value, text: moment }, text: moment, position }
  }
  const number = take(NUMBER)
  if (number !== undefined) {
    const value = Number(number)
    if (!Number.isFinite(value)) throw new ODataError(option, position, 'a smaller number', quote(number))
    return { kind: 'literal', literal: { kind: 'number', value, text: number }, text: number, position }
  }
  const name = take(NAME)
  if (name !== undefined) return nameToken(name, position)
  const expected = /[0-9+-]/.test(first)
    ? 'a number, a GUID or a date-time with at most 7 fraction digits (text needs single quotes)'
    : 'a name, a value, a parenthesis or a comma'
  throw new ODataError(option, position, expected, quote(text.slice(position)))
}

function nameToken(text: string, position: number): ODataToken {
  switch (text.toLowerCase()) {
    case 'true':
      return { kind: 'literal', literal: { kind: 'boolean', value: true }, text, position }
    case 'false':
      return { kind: 'literal', literal: { kind: 'boolean', value: false }, text, position }
    case 'null':
      return { kind: 'literal', literal: { kind: 'null' }, text, position }
    default:
      return { kind: 'name', text, position }
  }
}

function isPunctuation(character: string): character is '(' | ')' | ',' | '/' | ':' {
  return character !== '' && PUNCTUATION.includes(character)
}

/** What was found, for an error's message: never longer than a few words. */
export function quote(text: string): string {
  if (text === '') return 'the end'
  return JSON.stringify(text.length > 30 ? `${text.slice(0, 30)}…` : text)
}
