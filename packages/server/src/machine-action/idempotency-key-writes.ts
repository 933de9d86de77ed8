import { addMs, type Instant, type MachineActionId, type TenantId } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { rawQuery } from '../kit/db/raw-query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { NO_TENANT } from '../tenant/index.ts'
import { IDEMPOTENCY_KEYS_KEPT_MS, type IdempotencyKey } from './idempotency-key.ts'
import type { StoredMachineAction } from './machine-action.ts'
import { readForUpdate } from './move-machine-action.ts'

type KeyTables = {
  idempotency_key: {
    tenant: string
    principal: string
    idempotency_key: string
    fingerprint: string
    action: string
    created_at: number
  }
}

/** Whether a call with this key was answered within a day, and with which action. */
export type KeptAnswer = { kind: 'new' } | { kind: 'keyReused' } | { kind: 'answered'; action: string }

/** Looks up what the call with this key was answered with. Until the commit no other call with it goes on. */
export function* findKeptAnswer(
  tenant: TenantId,
  idempotency: IdempotencyKey | null,
  context: WriteContext,
): WriteSteps<KeptAnswer> {
  if (idempotency === null) return { kind: 'new' }
  const { principal, key, fingerprint } = idempotency
  yield* lockKey(tenant, idempotency, context)
  const [row] = yield* run(
    tables<KeyTables>(context.dialect)
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'action'])
      .where('tenant', '=', tenant)
      .where('principal', '=', principal)
      .where('idempotency_key', '=', key)
      .where('created_at', '>', addMs(context.at, -IDEMPOTENCY_KEYS_KEPT_MS)),
  )
  if (!row) return { kind: 'new' }
  return row.fingerprint === fingerprint ? { kind: 'answered', action: row.action } : { kind: 'keyReused' }
}

/** What the call with this key was answered with within a day; `undefined` when it is new. */
export function* findAnswered(
  tenant: TenantId,
  idempotency: IdempotencyKey | null,
  context: WriteContext,
): WriteSteps<StoredMachineAction | 'keyReused' | undefined> {
  const kept = yield* findKeptAnswer(tenant, idempotency, context)
  if (kept.kind === 'answered') return yield* readForUpdate(tenant, kept.action, context)
  return kept.kind === 'keyReused' ? 'keyReused' : undefined
}

/** Any number that no other lock begins with. */
const SEED = 4_710_332_903

/** Two nodes that get the same call at once take turns; in SQLite there is one writer. */
function* lockKey(
  tenant: TenantId,
  { principal, key }: IdempotencyKey,
  { dialect }: WriteContext,
): WriteSteps<void> {
  if (dialect === 'sqlite') return
  const name = JSON.stringify([tenant, principal, key])
  yield* run(
    rawQuery(dialect, sql`select pg_advisory_xact_lock(hashtextextended(${name}, ${sql.lit(SEED)}))`),
  )
}

/** Remembers, in the transaction that made it, what a call with a key is answered with. */
export function* keepAnswer(
  tenant: TenantId,
  idempotency: IdempotencyKey | null,
  action: MachineActionId,
  context: WriteContext,
): WriteSteps<void> {
  if (idempotency === null) return
  const { principal, key, fingerprint } = idempotency
  const row = { fingerprint, action, created_at: context.at }
  yield* run(
    tables<KeyTables>(context.dialect)
      .insertInto('idempotency_key')
      .values({ tenant, principal, idempotency_key: key, ...row })
      // One that is there is older than a day.
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'principal', 'idempotency_key']).doUpdateSet(row),
      ),
  )
}

/** Keys of all tenants whose day is over. */
export interface OldIdempotencyKeys {
  /** Removes those from before a moment, at most so many. @returns how many it removed */
  forget(before: Instant, limit: number): Promise<number>
}

type Forget = { kind: 'machineAction.forgetKeys'; tenant: TenantId; before: Instant; limit: number }

export const forgetIdempotencyKeysWrite = defineWrite<Forget, number>(
  'machineAction.forgetKeys',
  function* ({ before, limit }, context) {
    const removed = yield* run(
      tables<KeyTables>(context.dialect)
        .deleteFrom('idempotency_key')
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('tenant', 'principal', 'idempotency_key'),
            'in',
            selectFrom('idempotency_key')
              .select(['tenant', 'principal', 'idempotency_key'])
              .where('created_at', '<', before)
              .orderBy('created_at')
              .limit(limit)
              .$asTuple('tenant', 'principal', 'idempotency_key'),
          ),
        )
        .returning('action'),
    )
    return removed.length
  },
)

export function sqlOldIdempotencyKeys(db: Database): OldIdempotencyKeys {
  return {
    forget: (before, limit) => db.write(forgetIdempotencyKeysWrite, { tenant: NO_TENANT, before, limit }),
  }
}
