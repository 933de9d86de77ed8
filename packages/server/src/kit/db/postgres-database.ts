import type { CompiledQuery } from 'kysely'
import pg from 'pg'
import type { InstantSource } from '../instant-source.ts'
import { type Database, QueryTimeoutError } from './database.ts'
import { type AsyncConnection, executeBatchAsync } from './execute-batch.ts'
import { Flusher } from './flusher.ts'
import { type Migration, migratePostgres } from './migration.ts'
import type { Row } from './query.ts'
import type { BatchResult, StampedCommand, WriteList } from './write.ts'

const STATEMENT_TIMEOUT_MS = 30_000
const DEADLOCK = '40P01'
const SERIALIZATION = '40001'
const QUERY_CANCELED = '57014'

/**
 * Opens a PostgreSQL database, migrated first. Many servers may share it.
 *
 * @throws Error when it cannot be reached, or was written by a newer version
 */
export async function openPostgres(options: {
  connectionString: string
  migrations: readonly Migration[]
  instants: InstantSource
  writes: WriteList
}): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: 16,
    options: `-c statement_timeout=${STATEMENT_TIMEOUT_MS} -c synchronous_commit=on`,
    types: { getTypeParser },
  })
  // A connection that the database ends must not end this process, idle (told to the pool) or at work (told to the
  // connection): the query under way rejects by itself, and the next one opens a new connection.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const client = await pool.connect()
  try {
    await migratePostgres(
      (sql, parameters) => client.query(sql, parameters).then(({ rows }) => rows),
      options.migrations,
    )
  } finally {
    client.release()
  }
  const execute = async (batch: readonly StampedCommand[]): Promise<BatchResult[]> => {
    const connection = await pool.connect()
    let broken: unknown
    try {
      return await executeBatchAsync(
        asyncConnection(connection),
        options.writes,
        'postgres',
        batch,
        isTransient,
      )
    } catch (error) {
      broken = error
      throw error
    } finally {
      connection.release(broken !== undefined)
    }
  }
  const flusher = new Flusher(execute, options.instants)
  return {
    dialect: 'postgres',
    async read(query) {
      try {
        const { rows } = await pool.query(named(query.compile()))
        return rows
      } catch (error) {
        throw codeOf(error) === QUERY_CANCELED ? new QueryTimeoutError({ cause: error }) : error
      }
    },
    write: (write, command) => flusher.submit({ ...command, kind: write.kind } as never) as never,
    apply: async (commands) => execute(flusher.stamp(commands)),
    async [Symbol.asyncDispose]() {
      await flusher.drain()
      await pool.end()
    },
  }
}

function asyncConnection(client: pg.PoolClient): AsyncConnection {
  return {
    query: async (query): Promise<Row[]> => (await client.query(named(query))).rows,
    begin: async () => void (await client.query('BEGIN')),
    commit: async () => void (await client.query('COMMIT')),
    // On a dead connection there is nothing to roll back any more, and the error before this one says why.
    rollback: async () => void (await client.query('ROLLBACK').catch(() => {})),
  }
}

function named(query: CompiledQuery) {
  return { text: query.sql, values: [...query.parameters] }
}

function isTransient(error: unknown): boolean {
  const code = codeOf(error)
  return code === DEADLOCK || code === SERIALIZATION
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** BIGINT arrives as text by default; every one of ours is an `Instant` or a count and fits a double exactly. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8) return Number
  return pg.types.getTypeParser(oid, format)
}
