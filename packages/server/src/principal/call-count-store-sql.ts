import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import type { CallCounts } from '../kit/rate-limit/call-counter.ts'
import { NO_TENANT } from '../tenant/index.ts'
import type { CallCountStore, StoredCallCount } from './call-count-store.ts'
import { isCallClass } from './call-limits.ts'

type Row = { tenant: string; call_class: string; caller: string; counts: string; counted_at: number }
type CallCountTables = { call_count: Row }

const Counted = Type.Array(Type.Tuple([Type.Integer(), Type.Integer({ minimum: 1 })]))
const countsSchema = Compile(Type.Object({ minute: Counted, hour: Counted }))

type Save = { kind: 'callCount.save'; tenant: TenantId; counts: readonly StoredCallCount[] }

export const saveCallCountsWrite = defineWrite<Save, void>('callCount.save', function* ({ counts }, context) {
  for (const { tenant, callClass, caller, counts: windows, countedAt } of counts) {
    const row = {
      tenant,
      call_class: callClass,
      caller,
      counts: JSON.stringify(windows satisfies CallCounts),
      counted_at: countedAt,
    }
    yield* run(upsert(context.dialect, row))
  }
})

const upsert = prepare((db: Kysely<CallCountTables>, row: Row) =>
  db
    .insertInto('call_count')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['tenant', 'call_class', 'caller'])
        .doUpdateSet({ counts: row.counts, counted_at: row.counted_at }),
    ),
)

type Remove = { kind: 'callCount.remove'; tenant: TenantId; from: Instant; to: Instant }

export const removeCallCountsWrite = defineWrite<Remove, void>(
  'callCount.remove',
  function* ({ from, to }, context) {
    yield* run(
      tables<CallCountTables>(context.dialect)
        .deleteFrom('call_count')
        .where(({ eb, or }) => or([eb('counted_at', '<', from), eb('counted_at', '>', to)])),
    )
  },
)

/** Call counts of all tenants, on either database. */
export function sqlCallCountStore(db: Database): CallCountStore {
  return {
    save: (counts) => db.write(saveCallCountsWrite, { tenant: NO_TENANT, counts }),
    removeOutside: (range) => db.write(removeCallCountsWrite, { tenant: NO_TENANT, ...range }),
    async load({ from, to, limit }) {
      const rows = await db.read(
        tables<CallCountTables>(db.dialect)
          .selectFrom('call_count')
          .selectAll()
          .where('counted_at', '>=', from)
          .where('counted_at', '<=', to)
          .orderBy('counted_at', 'desc')
          .limit(limit),
      )
      return rows.flatMap((row): StoredCallCount[] => {
        const { tenant, call_class: callClass, caller } = row
        // A class of a newer version that ran on these rows before.
        if (!isCallClass(callClass)) return []
        const counts = countsSchema.Parse(JSON.parse(row.counts))
        return [
          { tenant: tenant as TenantId, callClass, caller, counts, countedAt: row.counted_at as Instant },
        ]
      })
    },
  }
}
