import type { Instant, TenantId } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import type { Migration } from '../../src/kit/db/migration.ts'
import { tables } from '../../src/kit/db/query.ts'
import { defineWrite, run, writeList } from '../../src/kit/db/write.ts'
import { field, odataFields, type RowSource } from '../../src/kit/odata/index.ts'
import type { Schema } from '../stores/backends.ts'
import type { Item, ListMeaning } from './evaluate.ts'

// A noun with a property of every kind, each that can be absent also in a way in which it may be.

export type Thing = Item & {
  id: string
  exact: string
  exactOrNot: string | null
  caseless: string
  caselessOrNot: string | null
  ascii: string
  asciiOrNot: string | null
  long: string
  longOrNot: string | null
  word: string
  idOrNot: string | null
  moment: Instant
  momentOrNot: Instant | null
  number: number
  numberOrNot: number | null
  flag: boolean
  flagOrNot: boolean | null
  computed: string
  texts: readonly string[]
}

export const WORDS = ['Kilo', 'TimeOut', 'Timeless', 'pending'] as const
/** A thing is `Even` or `Odd` by its number. */
export const COMPUTED = ['Even', 'Odd'] as const

export const THING_MEANING: ListMeaning = {
  id: 'id',
  order: { field: 'moment', direction: 'desc' },
  properties: {
    id: { kind: 'id' },
    exact: { kind: 'text', case: 'exact' },
    exactOrNot: { kind: 'text', case: 'exact' },
    caseless: { kind: 'text', case: 'unicode' },
    caselessOrNot: { kind: 'text', case: 'unicode' },
    ascii: { kind: 'text', case: 'ascii' },
    asciiOrNot: { kind: 'text', case: 'ascii' },
    long: { kind: 'text', case: 'exact', long: true },
    longOrNot: { kind: 'text', case: 'exact', long: true },
    word: { kind: 'word', words: WORDS },
    idOrNot: { kind: 'id' },
    moment: { kind: 'instant' },
    momentOrNot: { kind: 'instant' },
    number: { kind: 'number' },
    numberOrNot: { kind: 'number' },
    flag: { kind: 'boolean' },
    flagOrNot: { kind: 'boolean' },
    computed: { kind: 'word', words: COMPUTED },
    texts: { kind: 'texts' },
  },
}

export const THING_SOURCE: RowSource = {
  order: THING_MEANING.order,
  id: 'id',
  fields: odataFields({
    id: field.id('id'),
    exact: field.text('exact'),
    exactOrNot: field.text('exact_or_not', { nullable: true }),
    caseless: field.text('caseless', { lower: 'caseless_lower' }),
    caselessOrNot: field.text('caseless_or_not', { lower: 'caseless_or_not_lower', nullable: true }),
    ascii: field.asciiText('ascii'),
    asciiOrNot: field.asciiText('ascii_or_not', { nullable: true }),
    long: field.text('long', { long: true }),
    longOrNot: field.text('long_or_not', { long: true, nullable: true }),
    word: field.word('word', WORDS),
    idOrNot: field.id('id_or_not', { nullable: true }),
    moment: field.instant('moment'),
    momentOrNot: field.instant('moment_or_not', { nullable: true }),
    number: field.number('number'),
    numberOrNot: field.number('number_or_not', { nullable: true }),
    flag: field.boolean('flag'),
    flagOrNot: field.boolean('flag_or_not', { nullable: true }),
    computed: field.choice({ Odd: sql`number % 2 <> 0`, Even: sql`number % 2 = 0` }),
    texts: field.texts('texts'),
  }),
}

type ThingRow = { tenant: string; id: string } & Record<string, string | number | null>

function toRow(tenant: string, thing: Thing): ThingRow {
  const flag = (value: boolean | null) => (value === null ? null : Number(value))
  return {
    tenant,
    id: thing.id,
    exact: thing.exact,
    exact_or_not: thing.exactOrNot,
    caseless: thing.caseless,
    caseless_lower: thing.caseless.toLowerCase(),
    caseless_or_not: thing.caselessOrNot,
    caseless_or_not_lower: thing.caselessOrNot?.toLowerCase() ?? null,
    ascii: thing.ascii,
    ascii_or_not: thing.asciiOrNot,
    long: thing.long,
    long_or_not: thing.longOrNot,
    word: thing.word,
    id_or_not: thing.idOrNot,
    moment: thing.moment,
    moment_or_not: thing.momentOrNot,
    number: thing.number,
    number_or_not: thing.numberOrNot,
    flag: Number(thing.flag),
    flag_or_not: flag(thing.flagOrNot),
    texts: JSON.stringify(thing.texts),
  }
}

type ThingTables = { thing: ThingRow }
type Put = { kind: 'thing.put'; tenant: TenantId; things: readonly Thing[] }
type Remove = { kind: 'thing.remove'; tenant: TenantId; ids: readonly string[] }

export const putWrite = defineWrite<Put, void>('thing.put', function* ({ tenant, things }, { dialect }) {
  for (const thing of things) {
    yield* run(tables<ThingTables>(dialect).insertInto('thing').values(toRow(tenant, thing)))
  }
})

export const removeWrite = defineWrite<Remove, void>(
  'thing.remove',
  function* ({ tenant, ids }, { dialect }) {
    for (const id of ids) {
      yield* run(
        tables<ThingTables>(dialect).deleteFrom('thing').where('tenant', '=', tenant).where('id', '=', id),
      )
    }
  },
)

const migration: Migration = {
  id: 1,
  name: 'thing',
  statements: ({ text, instant, integer }, dialect) => [
    `CREATE TABLE thing (tenant ${text} NOT NULL, id ${text} NOT NULL, exact ${text} NOT NULL, exact_or_not ${text},
     caseless ${text} NOT NULL, caseless_lower ${text} NOT NULL, caseless_or_not ${text}, caseless_or_not_lower ${text},
     ascii ${text} NOT NULL, ascii_or_not ${text}, long ${text} NOT NULL, long_or_not ${text}, word ${text} NOT NULL,
     id_or_not ${text}, moment ${instant} NOT NULL, moment_or_not ${instant}, number ${integer} NOT NULL,
     number_or_not ${integer}, flag ${integer} NOT NULL, flag_or_not ${integer}, texts ${text} NOT NULL,
     PRIMARY KEY (tenant, id))${dialect === 'sqlite' ? ' STRICT' : ''}`,
    'CREATE INDEX thing_by_moment ON thing (tenant, moment DESC, id DESC)',
    'CREATE INDEX thing_by_number ON thing (tenant, number_or_not, id)',
  ],
}

export const things: Schema = {
  migrations: [migration],
  writes: writeList([putWrite, removeWrite]),
  writerEntry: new URL('./thing-writer.ts', import.meta.url),
}
