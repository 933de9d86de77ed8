import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'

type Row = Readonly<Record<string, string | number | null>>

/** Puts rows into a table past the server, as fast as the database takes them. */
export interface Filler extends AsyncDisposable {
  fill(table: string, rows: Iterable<Row>): Promise<void>
  /** What a database does by itself while a fleet grows over months: indexes, statistics, a tidy table. */
  settle(): Promise<void>
}

export function sqliteFiller(path: string): Filler {
  const db = new DatabaseSync(path)
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY',
  )
  const indexes: string[] = []
  const statistics = db.prepare('SELECT tbl, idx, stat FROM sqlite_stat1').all()
  return {
    async fill(table, rows) {
      // An index is built faster than it grows.
      const found = db
        .prepare(
          `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
        )
        .all(table)
      for (const { name, sql } of found) {
        indexes.push(String(sql))
        db.exec(`DROP INDEX ${name}`)
      }
      db.exec('BEGIN')
      let insert: ReturnType<DatabaseSync['prepare']> | undefined
      for (const row of rows) {
        const columns = Object.keys(row)
        insert ??= db.prepare(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        )
        insert.run(...Object.values(row))
      }
      db.exec('COMMIT')
    },
    async settle() {
      for (const sql of indexes) db.exec(sql)
      // They went with their indexes.
      db.exec('DELETE FROM sqlite_stat1')
      const insert = db.prepare('INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)')
      for (const { tbl, idx, stat } of statistics) insert.run(tbl ?? null, idx ?? null, stat ?? null)
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    async [Symbol.asyncDispose]() {
      db.close()
    },
  }
}

/** Rows of one statement. */
const BATCH = 2_000

export async function postgresFiller(connectionString: string): Promise<Filler> {
  const client = new Client({ connectionString })
  await client.connect()
  await client.query('SET synchronous_commit = off')
  await client.query(`SET maintenance_work_mem = '512MB'`)
  const indexes: string[] = []
  return {
    async fill(table, rows) {
      const found = await client.query(
        `SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = $1
           AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`,
        [table],
      )
      for (const { indexname, indexdef } of found.rows) {
        indexes.push(indexdef)
        await client.query(`DROP INDEX ${indexname}`)
      }
      let batch: Row[] = []
      const flush = async () => {
        const [first] = batch
        if (first === undefined) return
        const columns = Object.keys(first)
        const arrays = columns.map((column) => batch.map((row) => row[column] ?? null))
        const types = columns.map((column) =>
          batch.some((row) => typeof row[column] === 'number') ? 'bigint' : 'text',
        )
        const unnest = columns.map((_, at) => `$${at + 1}::${types[at]}[]`).join(', ')
        await client.query(
          `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${unnest})`,
          arrays,
        )
        batch = []
      }
      for (const row of rows) {
        batch.push(row)
        if (batch.length === BATCH) await flush()
      }
      await flush()
    },
    async settle() {
      for (const sql of indexes) await client.query(sql)
      await client.query('VACUUM ANALYZE')
      await client.query('CHECKPOINT')
    },
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}
