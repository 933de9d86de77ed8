import type { MatchFunction } from '@fleetsweep/protocol'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/query.ts'

/** Of a character whose place in the order of code points is the last. */
const LAST_CODE_POINT = 0x10_ffff
const [FIRST_SURROGATE, AFTER_SURROGATES] = [0xd800, 0xe000]

/** The condition that a column begins with, ends with or holds a text, with every character meaning itself. */
export function matchText(
  call: MatchFunction,
  column: RawBuilder<unknown>,
  text: string,
  dialect: Dialect,
): RawBuilder<SqlBool> {
  switch (call) {
    case 'startswith': {
      // A range, so that an index serves it.
      const end = endOfPrefix(text)
      return end === undefined
        ? sql`${column} >= ${text}`
        : sql`(${column} >= ${text} and ${column} < ${end})`
    }
    case 'endswith':
      if (text === '') return sql`${column} >= ''`
      return dialect === 'sqlite'
        ? sql`substr(${column}, ${-[...text].length}) = ${text}`
        : like(column, `%${escapeLike(text)}`)
    case 'contains':
      return holds(column, text, dialect)
  }
}

/** The condition that a column holds a text somewhere. */
export function holds(column: RawBuilder<unknown>, text: string, dialect: Dialect): RawBuilder<SqlBool> {
  // `LIKE` ignores the case of ASCII on SQLite. On PostgreSQL it is exact, and the planner guesses better of it.
  return dialect === 'sqlite' ? sql`instr(${column}, ${text}) > 0` : like(column, `%${escapeLike(text)}%`)
}

function like(column: RawBuilder<unknown>, pattern: string): RawBuilder<SqlBool> {
  return sql`${column} like ${pattern} escape '\\'`
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

/** The first text, in the order of code points, behind all that begin with `prefix`; `undefined` when none is. */
export function endOfPrefix(prefix: string): string | undefined {
  const characters = [...prefix]
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const point = last.codePointAt(0) ?? LAST_CODE_POINT
    if (point === LAST_CODE_POINT) continue
    const next = point + 1 === FIRST_SURROGATE ? AFTER_SURROGATES : point + 1
    return characters.join('') + String.fromCodePoint(next)
  }
  return undefined
}
