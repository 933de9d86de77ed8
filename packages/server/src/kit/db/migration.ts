import type { Dialect, Row } from './query.ts'
import { SqliteFile } from './sqlite-file.ts'

/** Column types by dialect: both compare text bytewise and keep a moment as one 64-bit integer. */
export type ColumnTypes = { text: string; instant: string; integer: string; bytes: string }

const TYPES: Record<Dialect, ColumnTypes> = {
  sqlite: { text: 'TEXT', instant: 'INTEGER', integer: 'INTEGER', bytes: 'BLOB' },
  postgres: { text: 'TEXT COLLATE "C"', instant: 'BIGINT', integer: 'BIGINT', bytes: 'BYTEA' },
}

/** A step of the schema. Once released it never changes; a later one follows instead. */
export type Migration = {
  /** Strictly increasing. */
  id: number
  name: string
  statements: (types: ColumnTypes, dialect: Dialect) => readonly string[]
}

const TABLE = 'CREATE TABLE IF NOT EXISTS migration (id INTEGER PRIMARY KEY, name TEXT NOT NULL)'
/** Any fixed number: nodes that start at once take turns. */
const ADVISORY_LOCK = 4_710_332_901

/** @throws Error when the file was written by a newer version of this program */
export function migrateSqlite(
  path: string,
  synchronous: 'FULL' | 'OFF',
  migrations: readonly Migration[],
): void {
  const file = new SqliteFile(path, { readOnly: false, synchronous })
  try {
    file.exec('BEGIN IMMEDIATE')
    file.exec(TABLE)
    const done = newest(file.query(plain('SELECT id FROM migration')), migrations)
    for (const migration of migrations.filter(({ id }) => id > done)) {
      for (const statement of migration.statements(TYPES.sqlite, 'sqlite')) file.exec(statement)
      file.query(plain('INSERT INTO migration (id, name) VALUES (?, ?)', [migration.id, migration.name]))
    }
    file.exec('COMMIT')
  } finally {
    file.close()
  }
}

/** @throws Error when the database was written by a newer version of this program */
export async function migratePostgres(
  query: (sql: string, parameters?: unknown[]) => Promise<Row[]>,
  migrations: readonly Migration[],
): Promise<void> {
  await query('BEGIN')
  try {
    await query(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`)
    await query(TABLE)
    const done = newest(await query('SELECT id FROM migration'), migrations)
    for (const migration of migrations.filter(({ id }) => id > done)) {
      for (const statement of migration.statements(TYPES.postgres, 'postgres')) await query(statement)
      await query('INSERT INTO migration (id, name) VALUES ($1, $2)', [migration.id, migration.name])
    }
    await query('COMMIT')
  } catch (error) {
    await query('ROLLBACK')
    throw error
  }
}

function newest(rows: readonly Row[], migrations: readonly Migration[]): number {
  const done = Math.max(0, ...rows.map(({ id }) => Number(id)))
  const known = Math.max(0, ...migrations.map(({ id }) => id))
  if (done > known) {
    throw new Error(
      `The database is at version ${done}, this program knows ${known}. Run the newer program, or restore a backup.`,
    )
  }
  return done
}

function plain(sql: string, parameters: readonly unknown[] = []) {
  return { sql, parameters, query: { kind: 'RawNode' } as never, queryId: { queryId: '' } }
}
