import type { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { prepare } from './prepare.ts'
import { type Dialect, tables } from './query.ts'

type Tables = { entry: { tenant: string; name: string; size: number | null } }

describe('a prepared query', () => {
  const insert = (db: Kysely<Tables>, row: Tables['entry']) =>
    db
      .insertInto('entry')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .returning('name')
  const update = (db: Kysely<Tables>, { tenant, name, size }: Tables['entry']) =>
    db
      .updateTable('entry')
      .set({ size })
      .where('tenant', '=', tenant)
      .where('name', '=', name)
      .where((eb) => eb.or([eb('size', 'is', null), eb('size', '<', size)]))
      .where('name', '!=', 'fixed')

  it.each(['sqlite', 'postgres'] as const)(
    'is the query that it was built from, each time, on %s',
    (dialect: Dialect) => {
      for (const build of [insert, update]) {
        const prepared = prepare(build)
        for (const row of [
          { tenant: 'a', name: 'x', size: 1 },
          { name: 'y', size: null, tenant: 'b' },
          { tenant: 'c', name: 'c', size: 0 },
        ]) {
          const own = build(tables<Tables>(dialect), {
            tenant: row.tenant,
            name: row.name,
            size: row.size,
          }).compile()
          const { sql, parameters } = prepared(dialect, row).compile()
          expect({ sql, parameters }).toEqual({ sql: own.sql, parameters: own.parameters })
        }
      }
    },
  )
})
