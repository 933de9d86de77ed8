import { createDatabase, startPostgres, tool } from '@fleetsweep/testkit'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'

describe('a PostgreSQL database for a suite', () => {
  it('is empty and syncs what it commits', async () => {
    await using database = await createDatabase()
    const answer = await query(
      database.connectionString,
      "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, " +
        "(SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public') AS tables",
    )
    expect(answer).toEqual([{ fsync: 'on', commit: 'on', tables: 0 }])
  })

  it('shares nothing with another one', async () => {
    await using first = await createDatabase()
    await using second = await createDatabase()
    await query(first.connectionString, 'CREATE TABLE machine (id text)')
    await expect(query(second.connectionString, 'SELECT * FROM machine')).rejects.toThrow('does not exist')
  })

  it('goes when disposed, also under an open connection', async () => {
    const database = await createDatabase()
    const client = new Client({ connectionString: database.connectionString })
    client.on('error', () => {
      // The server cuts the connection; that is what we are here for.
    })
    await client.connect()
    await database[Symbol.asyncDispose]()
    await expect(query(database.connectionString, 'SELECT 1')).rejects.toThrow('does not exist')
  })
})

describe('a throw-away PostgreSQL', () => {
  it('is gone after its disposal', async () => {
    const server = await startPostgres(tool('postgres'))
    await query(server.connectionString, 'SELECT 1')
    await server[Symbol.asyncDispose]()
    await expect(query(server.connectionString, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  })
})

async function query(connectionString: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
