import type { TenantId } from '@fleetsweep/protocol'
import { createDatabase, MovableClock, until } from '@fleetsweep/testkit'
import pg from 'pg'
import { expect, it } from 'vitest'
import { openPostgres } from '../src/kit/db/postgres-database.ts'
import { InstantSource } from '../src/kit/instant-source.ts'
import { addWrite, ledger } from './stores/ledger-writes.ts'

const tenant = '11111111-1111-4111-8111-111111111111' as TenantId

const remove = (name: string) => ({ kind: 'entry.remove', tenant, name })

it('a batch that PostgreSQL ended for a deadlock goes on one by one, each holding its own rows alone', async () => {
  await using parts = new AsyncDisposableStack()
  const { connectionString } = parts.use(await createDatabase())
  const { migrations, writes } = ledger
  const instants = new InstantSource(new MovableClock())
  const db = parts.use(await openPostgres({ connectionString, migrations, writes, instants }))
  const connect = async () => {
    const client = new pg.Client({ connectionString })
    await client.connect()
    parts.defer(() => client.end())
    return client
  }
  const [other, next, onlooker] = [await connect(), await connect(), await connect()]
  const lock = (client: pg.Client, name: string) =>
    client.query('SELECT name FROM entry WHERE name = $1 FOR UPDATE', [name])
  const waiting = async () => {
    const query = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return (await onlooker.query(query)).rowCount
  }
  const isThere = async (name: string) =>
    (await onlooker.query('SELECT 1 FROM entry WHERE name = $1', [name])).rowCount === 1
  for (const name of ['first', 'second']) await db.write(addWrite, { tenant, name })

  await other.query('BEGIN')
  await lock(other, 'second')
  const batch = db.apply([remove('first'), remove('second')])
  await until(async () => (await waiting()) === 1, 'the batch waits for the second row')
  // Next in the row for it, so that whoever comes again after the deadlock finds it taken.
  await next.query('BEGIN')
  const taken = lock(next, 'second')
  await until(async () => (await waiting()) === 2, 'somebody else waits for it, too')
  await lock(other, 'first')
  await other.query('COMMIT')
  await taken

  await until(async () => !(await isThere('first')), 'the first command is committed while the second waits')
  expect(await isThere('second')).toBe(true)
  await next.query('COMMIT')
  expect(await batch).toEqual([{ outcome: 'removed' }, { outcome: 'removed' }])
})
