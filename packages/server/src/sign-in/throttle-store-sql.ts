import { addMs, type Instant, MICROSECONDS_PER_MS, type TenantId } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { sumByTenant } from '../kit/db/sum-by-tenant.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import {
  type StaleThrottles,
  type ThrottleStore,
  type ThrottleSubject,
  waitMsAfter,
} from './throttle-store.ts'

/** Failures that lie this far back do not count any more. */
export const FORGET_AFTER_MS = 24 * 3_600_000

type ThrottleRow = {
  tenant: string
  subject_hash: string
  failures: number
  last_at: number
  blocked_until: number
}
type ThrottleTables = { sign_in_throttle: ThrottleRow }

type Attempt = { kind: 'throttle.attempt'; tenant: TenantId; subjects: readonly ThrottleSubject[] }

export const attemptWrite = defineWrite<Attempt, Instant | null>(
  'throttle.attempt',
  function* ({ tenant, subjects }, context) {
    const hashes = subjects.map(({ hash }) => hash)
    const rows = yield* lockRows(tenant, hashes, context)
    const blockedUntil = Math.max(...rows.map(({ blocked_until }) => blocked_until))
    if (blockedUntil > context.at) return blockedUntil as Instant
    for (const { hash, free } of subjects) {
      const row = rows.find(({ subject_hash }) => subject_hash === hash)
      const isStale = row !== undefined && addMs(row.last_at as Instant, FORGET_AFTER_MS) < context.at
      const failures = row === undefined || isStale ? 1 : row.failures + 1
      yield* setRow(tenant, hash, { failures, free }, context)
    }
    return null
  },
)

type Succeed = {
  kind: 'throttle.succeed'
  tenant: TenantId
  cleared: readonly string[]
  eased: readonly ThrottleSubject[]
}

export const succeedWrite = defineWrite<Succeed, void>(
  'throttle.succeed',
  function* ({ tenant, cleared, eased }, context) {
    const db = tables<ThrottleTables>(context.dialect)
    const hashes = [...cleared, ...eased.map(({ hash }) => hash)]
    const rows = yield* lockRows(tenant, hashes, context)
    for (const hash of cleared) {
      yield* run(
        db.deleteFrom('sign_in_throttle').where('tenant', '=', tenant).where('subject_hash', '=', hash),
      )
    }
    for (const { hash, free } of eased) {
      const row = rows.find(({ subject_hash }) => subject_hash === hash)
      const failures = Math.max((row?.failures ?? 0) - 1, 0)
      yield* setRow(tenant, hash, { failures, free }, context)
    }
  },
)

/** Reads rows, each there from now on, so that whoever comes at the same moment waits for this one. */
function* lockRows(
  tenant: TenantId,
  hashes: readonly string[],
  { dialect, at }: WriteContext,
): WriteSteps<readonly ThrottleRow[]> {
  const rows: ThrottleRow[] = []
  // In one order everywhere: two that want the same rows cannot wait for each other.
  for (const hash of hashes.toSorted()) {
    const [row] = yield* run(
      tables<ThrottleTables>(dialect)
        .insertInto('sign_in_throttle')
        .values({ tenant, subject_hash: hash, failures: 0, last_at: at, blocked_until: 0 })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant', 'subject_hash'])
            .doUpdateSet((eb) => ({ failures: eb.ref('sign_in_throttle.failures') })),
        )
        .returningAll(),
    )
    if (row) rows.push(row)
  }
  return rows
}

function* setRow(
  tenant: TenantId,
  hash: string,
  { failures, free }: { failures: number; free: number },
  { dialect, at }: WriteContext,
): WriteSteps<void> {
  const waitMs = waitMsAfter(failures, free)
  // Moments within one millisecond differ; what is told in seconds must not become one more by that.
  const from = Math.floor(at / MICROSECONDS_PER_MS) * MICROSECONDS_PER_MS
  yield* run(
    tables<ThrottleTables>(dialect)
      .updateTable('sign_in_throttle')
      .set({ failures, last_at: at, blocked_until: waitMs === 0 ? 0 : addMs(from as Instant, waitMs) })
      .where('tenant', '=', tenant)
      .where('subject_hash', '=', hash),
  )
}

type Forget = { kind: 'throttle.forget'; tenant: TenantId; hashes: readonly string[]; before: Instant }

export const forgetThrottlesWrite = defineWrite<Forget, number>(
  'throttle.forget',
  function* ({ tenant, hashes, before }, context) {
    const forgotten = yield* run(
      tables<ThrottleTables>(context.dialect)
        .deleteFrom('sign_in_throttle')
        .where('tenant', '=', tenant)
        .where('subject_hash', 'in', hashes)
        .where('last_at', '<', before)
        .returning('subject_hash'),
    )
    return forgotten.length
  },
)

/** Failures of one tenant, on either database. */
export function sqlThrottleStore(db: Database, tenant: TenantId): ThrottleStore {
  return {
    attempt: (subjects) => db.write(attemptWrite, { tenant, subjects }),
    succeed: ({ cleared, eased }) => db.write(succeedWrite, { tenant, cleared, eased }),
  }
}

/** Failures of all tenants that nobody needs any more, on either database. */
export function sqlStaleThrottles(db: Database): StaleThrottles {
  return {
    async forget(before, limit) {
      const stale = await db.read(
        tables<ThrottleTables>(db.dialect)
          .selectFrom('sign_in_throttle')
          .select(['tenant', 'subject_hash'])
          .where('last_at', '<', before)
          .orderBy('last_at')
          .limit(limit),
      )
      return sumByTenant(stale, (tenant, rows) =>
        db.write(forgetThrottlesWrite, {
          tenant,
          hashes: rows.map(({ subject_hash }) => subject_hash),
          before,
        }),
      )
    },
  }
}
