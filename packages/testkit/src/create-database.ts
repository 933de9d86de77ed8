import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'
import './postgres-global-setup.ts'

/** An empty PostgreSQL database for one suite. */
export type TestDatabase = AsyncDisposable & { readonly connectionString: string }

/** Makes an empty database on the run's PostgreSQL; disposing drops it, also under open connections. */
export async function createDatabase(): Promise<TestDatabase> {
  const server = inject('postgres')
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(server, `CREATE DATABASE ${name}`)
  const connectionString = new URL(server)
  connectionString.pathname = `/${name}`
  return {
    connectionString: connectionString.href,
    [Symbol.asyncDispose]: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`),
  }
}

async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
