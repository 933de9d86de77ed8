import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { Client } from 'pg'

/** Runs a query with nothing around it, and fetches its rows. */
export interface RawReader extends AsyncDisposable {
  read(query: CompiledQuery): Promise<void>
}

export function sqliteReader(path: string): RawReader {
  const db = new DatabaseSync(path, { readOnly: true })
  db.exec('PRAGMA cache_size = -32768; PRAGMA mmap_size = 2147418112')
  const statements = new Map<string, StatementSync>()
  return {
    async read({ sql, parameters }) {
      const statement = statements.get(sql) ?? db.prepare(sql)
      statement.setReturnArrays(true)
      statements.set(sql, statement)
      statement.all(...(parameters as (string | number | null)[]))
    },
    async [Symbol.asyncDispose]() {
      db.close()
    },
  }
}

export async function postgresReader(connectionString: string): Promise<RawReader> {
  const client = new Client({ connectionString })
  await client.connect()
  return {
    read: async ({ sql, parameters }) => void (await client.query(sql, [...parameters])),
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}
