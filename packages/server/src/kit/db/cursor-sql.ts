import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Cursor } from '../cursor.ts'

/** The order of a list that is paged by cursor, newest first, and where its page goes on after the one before. */
export const NEWEST_FIRST = sql`created_at desc, id desc`

/** The condition that a row comes after the last one of the page before; true of every row of the first page. */
export function comesAfter(cursor: Cursor | undefined): RawBuilder<SqlBool> {
  return cursor === undefined ? sql`1 = 1` : sql`(created_at, id) < (${cursor.at}, ${cursor.id})`
}
