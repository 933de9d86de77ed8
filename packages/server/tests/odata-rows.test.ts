// What lists answer, whatever is in them and whatever is asked: as a plain reading of the query says, on both databases.
import { randomUUID } from 'node:crypto'
import { type ListQuery, parseFilter, printFilter, type TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/kit/db/database.ts'
import { countRows, type NextPage, readPage } from '../src/kit/odata/index.ts'
import { evaluate } from './odata/evaluate.ts'
import { queriesOf, trickyInstant, trickyNumber, trickyText } from './odata/random-query.ts'
import {
  putWrite,
  removeWrite,
  THING_MEANING,
  THING_SOURCE,
  type Thing,
  things,
  WORDS,
} from './odata/thing.ts'
import { type Backend, openPostgresBackend, openSqliteBackend } from './stores/backends.ts'

const RUNS = 150

const orNot = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 2 })
/** Long enough that two may differ only behind what takes part in an order. */
const longText = fc.oneof(
  trickyText,
  fc.tuple(fc.constantFrom(125, 127, 128, 130), trickyText).map(([n, end]) => '😀'.repeat(n) + end),
)

const thing: fc.Arbitrary<Thing> = fc
  .record({
    exact: trickyText,
    exactOrNot: orNot(trickyText),
    caseless: trickyText,
    caselessOrNot: orNot(trickyText),
    ascii: trickyText,
    asciiOrNot: orNot(trickyText),
    long: longText,
    longOrNot: orNot(longText),
    word: fc.constantFrom(...WORDS),
    idOrNot: orNot(fc.constantFrom('0a', '0b', '1a', '12')),
    moment: trickyInstant,
    momentOrNot: orNot(trickyInstant),
    number: trickyNumber,
    numberOrNot: orNot(trickyNumber),
    flag: fc.boolean(),
    flagOrNot: orNot(fc.boolean()),
    texts: fc.array(trickyText, { maxLength: 3 }),
  })
  .map((given) => ({ ...given, id: '', computed: given.number % 2 === 0 ? 'Even' : 'Odd' }))

const twoDigits = fc.integer({ min: 0, max: 255 }).map((n) => n.toString(16).padStart(2, '0'))

/** Things with ids of their own, in any order. */
const manyThings = (size: { minLength?: number; maxLength: number }): fc.Arbitrary<Thing[]> =>
  fc
    .uniqueArray(fc.tuple(twoDigits, thing), { ...size, selector: ([id]) => id })
    .map((pairs) => pairs.map(([id, each]) => ({ ...each, id })))

type Query = Pick<ListQuery, 'filter' | 'orderBy'>

describe('a list of rows', () => {
  const open: { backend: Backend; db: Database }[] = []
  beforeAll(async () => {
    for (const openBackend of [openSqliteBackend, openPostgresBackend]) {
      const backend = await openBackend()
      open.push({ backend, db: await backend.openNode(things, new MovableClock()) })
    }
  })
  afterAll(async () => {
    for (const { backend, db } of open) {
      await db[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    }
  })

  /** Every run has a tenant of its own, so that rows of others lie around it. */
  const onBoth = (check: (db: Database, tenant: TenantId) => Promise<void>) =>
    Promise.all(open.map(({ db }) => check(db, randomUUID() as TenantId)))
  const list = (
    db: Database,
    tenant: TenantId,
    query: Query & { skip?: number; top?: number; pageSize?: number } & Partial<NextPage>,
  ) => readPage<{ id: string }>(db, tenant, 'thing', { skip: 0, pageSize: 1_000, ...query }, THING_SOURCE)
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)
  /** As it comes over the wire. */
  const sent = ({ filter, orderBy }: Query): Query => ({
    orderBy,
    ...(filter && { filter: parseFilter(printFilter(filter)) }),
  })

  it('holds what fulfils the filter, in its order, and is counted so, alike on both databases', async () => {
    const asked = manyThings({ maxLength: 12 }).chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.array(queriesOf(THING_MEANING, given), { minLength: 4, maxLength: 4 }),
        fc.nat(4),
      ),
    )
    await fc.assert(
      fc.asyncProperty(asked, async ([given, queries, skip]) => {
        await onBoth(async (db, tenant) => {
          await db.write(putWrite, { tenant, things: given })
          for (const query of queries.map(sent)) {
            const expected = idsOf(evaluate(given, query, THING_MEANING))
            expect(idsOf((await list(db, tenant, query)).rows)).toEqual(expected)
            expect(await countRows(db, tenant, 'thing', query.filter, THING_SOURCE)).toBe(expected.length)
            const some = await list(db, tenant, { ...query, skip, top: 3 })
            expect(idsOf(some.rows)).toEqual(expected.slice(skip, skip + 3))
          }
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('goes on page by page to its end without missing or repeating a row, whatever comes and goes', async () => {
    const asked = manyThings({ minLength: 2, maxLength: 12 }).chain((given) =>
      fc.record({
        given: fc.constant(given),
        stay: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        newcomers: fc.boolean(),
        query: queriesOf(THING_MEANING, given),
        pageSize: fc.integer({ min: 1, max: 4 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(asked, async ({ given, stay, newcomers, query: raw, pageSize }) => {
        const query = sent(raw)
        // Some are there from the start and go, some come later, each before one of the pages; the others stay.
        const staying = given.filter((_, at) => stay[at])
        const moving = given.filter((_, at) => !stay[at])
        await onBoth(async (db, tenant) => {
          await db.write(putWrite, { tenant, things: newcomers ? staying : given })
          const waiting = [...moving]
          const found: string[] = []
          let next: NextPage | null | undefined
          while (next !== null) {
            const page = await list(db, tenant, { ...query, pageSize, ...next })
            expect(page.rows.length <= pageSize).toBe(true)
            found.push(...idsOf(page.rows))
            next = page.next
            const mover = waiting.shift()
            if (mover && newcomers) await db.write(putWrite, { tenant, things: [mover] })
            else if (mover) await db.write(removeWrite, { tenant, ids: [mover.id] })
          }
          expect(new Set(found).size).toBe(found.length)
          const stayed = new Set(idsOf(staying))
          expect(found.filter((id) => stayed.has(id))).toEqual(idsOf(evaluate(staying, query, THING_MEANING)))
        })
      }),
      { numRuns: RUNS },
    )
  })
})
