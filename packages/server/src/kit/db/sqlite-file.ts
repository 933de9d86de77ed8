import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { BoundedMap } from '../bounded-map.ts'
import type { Row } from './query.ts'

const MAX_CACHED_STATEMENTS = 500
/** As much as SQLite maps; what lies behind is read as usual. */
const MOST_MAPPED_BYTES = 2 ** 31 - 2 ** 16

type Prepared = { statement: StatementSync; columns: readonly string[] }
const newStatements = () => new BoundedMap<string, Prepared>(MAX_CACHED_STATEMENTS)

/** One connection to a SQLite file, with its statements kept prepared. */
export class SqliteFile {
  readonly #db: DatabaseSync
  #statements = newStatements()

  /**
   * @param options.synchronous FULL: a commit is on disk when it returns. OFF is for the one test that proves that the
   *   durability test can fail.
   */
  constructor(path: string, options: { readOnly: boolean; synchronous: 'FULL' | 'OFF' }) {
    this.#db = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 5_000 })
    if (!options.readOnly) {
      this.#db.exec('PRAGMA journal_mode = WAL')
      this.#db.exec(`PRAGMA synchronous = ${options.synchronous}`)
      // Large enough that a checkpoint, which also syncs, stays rare under load.
      this.#db.exec('PRAGMA wal_autocheckpoint = 4000')
    }
    // Long lists are walked twice as fast in mapped pages as in copied ones. Only for reading: whoever writes learns of a
    // disk that fails by an error.
    if (options.readOnly) this.#db.exec(`PRAGMA mmap_size = ${MOST_MAPPED_BYTES}`)
    this.#db.exec('PRAGMA foreign_keys = OFF')
    // 32 MiB for each connection: ids are random, so inserts touch pages all over the indexes.
    this.#db.exec('PRAGMA cache_size = -32768')
  }

  exec(sql: string): void {
    this.#db.exec(sql)
  }

  /** Undoes the open transaction; a full or failing disk makes SQLite do that by itself. */
  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
  }

  query(query: CompiledQuery): Row[] {
    const { statement, columns } = this.#prepare(query.sql)
    // node:sqlite refuses booleans and undefined itself, so nothing is converted behind the caller's back.
    const parameters = query.parameters as (string | number | bigint | null | Uint8Array)[]
    return statement.all(...parameters).map((values) => toRow(columns, values))
  }

  close(): void {
    this.#statements = newStatements()
    this.#db.close()
  }

  #prepare(sql: string): Prepared {
    const cached = this.#statements.get(sql)
    if (cached) return cached
    const statement = this.#db.prepare(sql)
    statement.setReturnArrays(true)
    const prepared = { statement, columns: statement.columns().map(({ name }) => name) }
    this.#statements.set(sql, prepared)
    return prepared
  }
}

/** Twice as fast as letting node:sqlite make objects, which looks up every name for every row. */
function toRow(columns: readonly string[], values: unknown): Row {
  // The statement was told to give arrays.
  const array = values as readonly unknown[]
  const row: Row = {}
  for (let at = 0; at < columns.length; at += 1) row[columns[at] ?? ''] = array[at]
  return row
}
