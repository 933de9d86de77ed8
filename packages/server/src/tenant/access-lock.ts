import type { TenantId } from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'

/** Any fixed number, so that these locks are no others. */
const SEED = 4_710_332_902

/**
 * Part of every write that changes who may do what, before it decides anything: such writes of one tenant run one after
 * the other, so that two nodes cannot each remove one of the last two administrators. Held to the end of the
 * transaction. SQLite has one writer and needs no lock.
 */
export function* lockAccess(tenant: TenantId, context: WriteContext): WriteSteps<void> {
  if (context.dialect === 'postgres') yield* run(lock(context.dialect, { tenant }))
}

/**
 * Part of every write that goes by the rules of access without changing them, before it reads them: many may at once,
 * but none beside a change, which would miss what is not committed yet.
 */
export function* lockAccessShared(tenant: TenantId, context: WriteContext): WriteSteps<void> {
  if (context.dialect === 'postgres') yield* run(lockShared(context.dialect, { tenant }))
}

type Tenant = { tenant: string }

const lock = prepare((db: Kysely<unknown>, { tenant }: Tenant) =>
  db.selectNoFrom(sql`pg_advisory_xact_lock(hashtextextended(${tenant}, ${sql.lit(SEED)}))`.as('held')),
)

const lockShared = prepare((db: Kysely<unknown>, { tenant }: Tenant) =>
  db.selectNoFrom(
    sql`pg_advisory_xact_lock_shared(hashtextextended(${tenant}, ${sql.lit(SEED)}))`.as('held'),
  ),
)
