import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Backend, OpenBackend } from '../../../tests/stores/backends.ts'
import {
  addWrite,
  breakWrite,
  type LedgerTables,
  ledger,
  removeWrite,
} from '../../../tests/stores/ledger-writes.ts'
import type { Database } from './database.ts'
import { tables } from './query.ts'

const tenant = '11111111-1111-4111-8111-111111111111' as TenantId
const otherTenant = '22222222-2222-4222-8222-222222222222' as TenantId

const add = (name: string, of = tenant) => ({ kind: 'entry.add', tenant: of, name })
const remove = (name: string, of = tenant) => ({ kind: 'entry.remove', tenant: of, name })
const violate = (name: string) => ({ kind: 'entry.break', tenant, name })
const nonsense = (name: string) => ({ kind: 'entry.throw', tenant, name })

/** What every database must do, whatever nouns it serves. */
export function describeDatabase(kind: string, open: OpenBackend): void {
  describe(`a ${kind} database`, () => {
    let backend: Backend
    let clock: MovableClock
    let db: Database

    beforeEach(async () => {
      backend = await open()
      clock = new MovableClock()
      db = await backend.openNode(ledger, clock)
    })

    afterEach(async () => {
      await db[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    })

    const entries = (of = tenant, from = db) =>
      from.read(
        tables<LedgerTables>(from.dialect)
          .selectFrom('entry')
          .select(['name', 'at'])
          .where('tenant', '=', of)
          .orderBy('at'),
      )
    const names = async (of = tenant, from = db) => (await entries(of, from)).map(({ name }) => name)

    it('gives each command of a mixed batch its own outcome, in order', async () => {
      await db.apply([add('old')])
      const results = await db.apply([
        add('new'),
        add('old'),
        remove('new'),
        add('new'),
        add('new', otherTenant),
        remove('never there'),
        remove('old'),
      ])
      expect(results).toEqual(
        ['added', 'exists', 'removed', 'added', 'added', 'unknown', 'removed'].map((outcome) => ({
          outcome,
        })),
      )
      expect(await names()).toEqual(['new'])
      expect(await names(otherTenant)).toEqual(['new'])
    })

    it('commits the good commands of a batch in which others make the database or themselves fail', async () => {
      const results = await db.apply([
        add('first'),
        violate('half'),
        add('second'),
        nonsense('this'),
        { kind: 'entry.unheardOf', tenant },
        add('first'),
        remove('second'),
      ])
      expect(results).toEqual([
        { outcome: 'added' },
        { error: expect.stringMatching(/unique/i) },
        { outcome: 'added' },
        { error: 'this makes no sense' },
        { error: 'There is no write called entry.unheardOf.' },
        { outcome: 'exists' },
        { outcome: 'removed' },
      ])
      expect(await names()).toEqual(['first'])
    })

    it('tells only the writer whose command failed', async () => {
      const outcomes = await Promise.allSettled([
        db.write(addWrite, { tenant, name: 'before' }),
        db.write(breakWrite, { tenant, name: 'half' }),
        db.write(addWrite, { tenant, name: 'after' }),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await names()).toEqual(['before', 'after'])
    })

    it('shows a read everything that was acknowledged before it', async () => {
      for (const name of ['a', 'b', 'c']) {
        await db.write(addWrite, { tenant, name })
        expect(await names()).toContain(name)
      }
      await db.write(removeWrite, { tenant, name: 'b' })
      expect(await names()).toEqual(['a', 'c'])
    })

    it('gives strictly increasing moments while the clock stands still, jumps back or forwards', async () => {
      await db.apply([add('1'), add('2')])
      clock.jump(-86_400_000)
      await Promise.all(['3', '4'].map((name) => db.write(addWrite, { tenant, name })))
      clock.jump(172_800_000)
      await db.apply([add('5')])
      const rows = await entries()
      expect(rows.map(({ name }) => name)).toEqual(['1', '2', '3', '4', '5'])
      expect(new Set(rows.map(({ at }) => at)).size).toBe(5)
      expect(rows.at(-1)?.at).toBe(clock.now())
    })

    it('finishes what waits before it closes', async () => {
      const waiting = Array.from({ length: 2_500 }, (_, i) => db.write(addWrite, { tenant, name: String(i) }))
      await db[Symbol.asyncDispose]()
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(['added']))
      db = await backend.openNode(ledger, clock)
      expect(await names()).toHaveLength(2_500)
    })

    it('runs each migration once, also when two servers start at the same time', async () => {
      const grown = {
        ...ledger,
        migrations: [
          ...ledger.migrations,
          { id: 2, name: 'more', statements: () => ['CREATE TABLE more (id INTEGER PRIMARY KEY)'] },
        ],
      }
      const nodes = await Promise.all([1, 2, 3].map(() => backend.openNode(grown, clock)))
      for (const node of nodes) {
        const done = await node.read(
          tables<{ migration: { id: number; name: string } }>(node.dialect)
            .selectFrom('migration')
            .selectAll()
            .orderBy('id'),
        )
        expect(done).toEqual([
          { id: 1, name: 'ledger' },
          { id: 2, name: 'more' },
        ])
        await node[Symbol.asyncDispose]()
      }
    })

    it('is left as it was by a migration that fails half-way', async () => {
      await db.apply([add('kept')])
      const broken = {
        ...ledger,
        migrations: [
          ...ledger.migrations,
          {
            id: 2,
            name: 'broken',
            statements: () => [
              'CREATE TABLE half (id INTEGER PRIMARY KEY)',
              'CREATE TABLE half (id INTEGER)',
            ],
          },
        ],
      }
      await expect(backend.openNode(broken, clock)).rejects.toThrow(/half/)
      const mended = {
        ...ledger,
        migrations: [
          ...ledger.migrations,
          { id: 2, name: 'mended', statements: () => ['CREATE TABLE half (id INTEGER PRIMARY KEY)'] },
        ],
      }
      const node = await backend.openNode(mended, clock)
      expect(await names(tenant, node)).toEqual(['kept'])
      await node[Symbol.asyncDispose]()
    })

    it('is not opened by a program that is older than the rows', async () => {
      await expect(backend.openNode({ ...ledger, migrations: [] }, clock)).rejects.toThrow(
        /at version 1, this program knows 0/,
      )
    })
  })
}
