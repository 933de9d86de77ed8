import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { BoundedMap } from '../bounded-map.ts'
import type { Row } from './query.ts'

const MAX_CACHED_STATEMENTS = 500

const newStatements = () => new BoundedMap<string, StatementSync>(MAX_CACHED_STATEMENTS)

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
    const statement = this.#prepare(query.sql)
    // node:sqlite refuses booleans and undefined itself, so nothing is converted behind the caller's back.
    const parameters = query.parameters as (string | number | bigint | null | Uint8Array)[]
    return statement.all(...parameters) as Row[]
  }

  close(): void {
    this.#statements = newStatements()
    this.#db.close()
  }

  #prepare(sql: string): StatementSync {
    const cached = this.#statements.get(sql)
    if (cached) return cached
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
