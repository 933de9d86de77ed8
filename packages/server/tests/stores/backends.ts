import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '@fleetsweep/protocol'
import { createDatabase } from '@fleetsweep/testkit'
import { Client } from 'pg'
import type { Database } from '../../src/kit/db/database.ts'
import type { Migration } from '../../src/kit/db/migration.ts'
import { openPostgres } from '../../src/kit/db/postgres-database.ts'
import { openSqlite } from '../../src/kit/db/sqlite-database.ts'
import type { WriteList } from '../../src/kit/db/write.ts'
import { InstantSource } from '../../src/kit/instant-source.ts'

/** What a database is opened with: its tables, and what may change them. */
export type Schema = {
  migrations: readonly Migration[]
  writes: WriteList
  /** Module that starts SQLite's writer thread with the same writes. */
  writerEntry: URL
}

/** An empty database of one kind; it is gone after its disposal. */
export interface Backend extends AsyncDisposable {
  /** Opens it as one server does; another call is another server on the same rows. */
  openNode(schema: Schema, clock: Clock): Promise<Database>
  /** Runs SQL past every server, as somebody with access to the database can. */
  tamper(sql: string): Promise<void>
}

export type OpenBackend = () => Promise<Backend>

export const openSqliteBackend: OpenBackend = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-stores-'))
  return {
    openNode: ({ migrations, writerEntry }, clock) =>
      openSqlite({
        path: join(folder, 'fleetsweep.db'),
        migrations,
        writerEntry,
        instants: new InstantSource(clock),
      }),
    async tamper(sql) {
      const file = new DatabaseSync(join(folder, 'fleetsweep.db'), { timeout: 5_000 })
      file.exec(sql)
      file.close()
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const openPostgresBackend: OpenBackend = async () => {
  const database = await createDatabase()
  return {
    openNode: ({ migrations, writes }, clock) =>
      openPostgres({
        connectionString: database.connectionString,
        migrations,
        writes,
        instants: new InstantSource(clock),
      }),
    async tamper(sql) {
      const client = new Client({ connectionString: database.connectionString })
      await client.connect()
      await client.query(sql)
      await client.end()
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}
