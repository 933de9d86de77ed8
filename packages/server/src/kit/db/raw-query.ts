import type { RawBuilder } from 'kysely'
import { type Dialect, type Query, tables } from './query.ts'

/** A fragment of SQL as a whole query. Kysely's fragments compile with a builder of their dialect. */
export function rawQuery<Row>(dialect: Dialect, fragment: RawBuilder<unknown>): Query<Row> {
  return { compile: () => (fragment as RawBuilder<Row>).compile(tables<unknown>(dialect)) }
}
