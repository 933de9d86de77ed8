import type { TenantId } from '@fleetsweep/protocol'
import type { Migration } from '../../src/kit/db/migration.ts'
import { tables } from '../../src/kit/db/query.ts'
import { defineWrite, run, writeList } from '../../src/kit/db/write.ts'
import type { Schema } from './backends.ts'

// The smallest noun that a database can be tried with: a list of names, each once.

export type LedgerTables = { entry: { tenant: string; name: string; at: number } }

type Named<Kind extends string> = { kind: Kind; tenant: TenantId; name: string }

export const addWrite = defineWrite<Named<'entry.add'>, 'added' | 'exists'>(
  'entry.add',
  function* ({ tenant, name }, context) {
    const added = yield* run(
      tables<LedgerTables>(context.dialect)
        .insertInto('entry')
        .values({ tenant, name, at: context.at })
        .onConflict((conflict) => conflict.doNothing())
        .returning('name'),
    )
    return added.length === 1 ? 'added' : 'exists'
  },
)

export const removeWrite = defineWrite<Named<'entry.remove'>, 'removed' | 'unknown'>(
  'entry.remove',
  function* ({ tenant, name }, context) {
    const removed = yield* run(
      tables<LedgerTables>(context.dialect)
        .deleteFrom('entry')
        .where('tenant', '=', tenant)
        .where('name', '=', name)
        .returning('name'),
    )
    return removed.length === 1 ? 'removed' : 'unknown'
  },
)

/** Adds one row, then a second one that the database refuses. */
export const breakWrite = defineWrite<Named<'entry.break'>, void>(
  'entry.break',
  function* ({ tenant, name }, context) {
    const entries = tables<LedgerTables>(context.dialect)
    for (let twice = 0; twice < 2; twice += 1) {
      yield* run(entries.insertInto('entry').values({ tenant, name, at: context.at }))
    }
  },
)

export const throwWrite = defineWrite<Named<'entry.throw'>, void>(
  'entry.throw',
  function* ({ tenant, name }, context) {
    yield* run(
      tables<LedgerTables>(context.dialect).insertInto('entry').values({ tenant, name, at: context.at }),
    )
    throw new Error(`${name} makes no sense`)
  },
)

export const ledgerMigration: Migration = {
  id: 1,
  name: 'ledger',
  statements: ({ text, instant }) => [
    `CREATE TABLE entry (tenant ${text} NOT NULL, name ${text} NOT NULL, at ${instant} NOT NULL, PRIMARY KEY (tenant, name))`,
  ],
}

export const ledger: Schema = {
  migrations: [ledgerMigration],
  writes: writeList([addWrite, removeWrite, breakWrite, throwWrite]),
  writerEntry: new URL('./ledger-writer.ts', import.meta.url),
}
