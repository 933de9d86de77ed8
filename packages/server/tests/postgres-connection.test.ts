import type { TenantId } from '@fleetsweep/protocol'
import { createDatabase, MovableClock } from '@fleetsweep/testkit'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, QueryTimeoutError } from '../src/kit/db/database.ts'
import { openPostgres } from '../src/kit/db/postgres-database.ts'
import { tables } from '../src/kit/db/query.ts'
import { InstantSource } from '../src/kit/instant-source.ts'
import { addWrite, type LedgerTables, ledger } from './stores/ledger-writes.ts'

const tenant = '11111111-1111-4111-8111-111111111111' as TenantId

describe('a PostgreSQL server that ends connections or queries', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>
  let operator: pg.Client
  let db: Database

  beforeEach(async () => {
    database = await createDatabase()
    operator = new pg.Client({ connectionString: database.connectionString })
    await operator.connect()
    db = await openPostgres({
      connectionString: database.connectionString,
      migrations: ledger.migrations,
      writes: ledger.writes,
      instants: new InstantSource(new MovableClock()),
    })
  })

  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    await operator.end()
    await database[Symbol.asyncDispose]()
  })

  const others = 'FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
  const endOthers = () => operator.query(`SELECT pg_terminate_backend(pid) ${others}`)

  it('costs the write that was under way, and nothing after it', async () => {
    // The write waits for this lock, so that it is certainly under way.
    await operator.query('BEGIN')
    await operator.query('LOCK TABLE entry')
    // Listened to from the start: it may fail before the operator's own answer is here.
    const cut = expect(db.write(addWrite, { tenant, name: 'cut' })).rejects.toThrow('entry.add')
    const waits = async () =>
      (await operator.query(`SELECT 1 ${others} AND wait_event_type = 'Lock'`)).rowCount
    await expect.poll(waits).toBe(1)
    await endOthers()
    await cut
    await operator.query('COMMIT')
    expect(await db.write(addWrite, { tenant, name: 'next' })).toBe('added')
    expect(await db.write(addWrite, { tenant, name: 'cut' })).toBe('added')
  })

  it('that gives up on a read says so, and that less may be found in time', async () => {
    await operator.query('BEGIN')
    await operator.query('LOCK TABLE entry IN ACCESS EXCLUSIVE MODE')
    const read = db.read(tables<LedgerTables>('postgres').selectFrom('entry').selectAll())
    const refused = expect(read).rejects.toThrow(QueryTimeoutError)
    const waiting = `${others} AND wait_event_type = 'Lock'`
    await expect.poll(async () => (await operator.query(`SELECT 1 ${waiting}`)).rowCount).toBe(1)
    // As its own time-out does.
    await operator.query(`SELECT pg_cancel_backend(pid) ${waiting}`)
    await refused
    await operator.query('COMMIT')
  })

  it('costs nothing when the connections were idle', async () => {
    await db.write(addWrite, { tenant, name: 'first' })
    await endOthers()
    const ended = async () => (await operator.query(`SELECT 1 ${others}`)).rowCount
    await expect.poll(ended).toBe(0)
    expect(await db.write(addWrite, { tenant, name: 'second' })).toBe('added')
  })
})
