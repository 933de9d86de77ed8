import { addMs, type Instant, msBetween, type TenantId, WEBHOOK_TEST } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import {
  type DeliveryRow,
  toDelivery,
  toWebhook,
  type WebhookRow,
  type WebhookTables,
} from './webhook-row.ts'
import type { AttemptRecord, WebhookStore } from './webhook-store.ts'
import { readWebhookForUpdate, updateWebhook } from './webhook-writes.ts'

/** Longer than the longest pause between two attempts: whoever was not tried for so long has not failed on end. */
const FORGET_FAILURE_AFTER_MS = 36 * 3_600_000

type Outcome<Method extends keyof WebhookStore> = Awaited<ReturnType<WebhookStore[Method]>>

type AddTest = {
  kind: 'webhook.addTest'
  tenant: TenantId
  webhook: string
  test: { id: string; subject: string; data: string }
  audit: AuditEntry
}

export const addWebhookTestWrite = defineWrite<AddTest, Outcome<'addTest'>>(
  'webhook.addTest',
  function* ({ tenant, webhook, test, audit }, context) {
    const known = yield* readWebhookForUpdate(tenant, webhook, context)
    if (!known) return 'unknown'
    if (known.disabled_at !== null) return 'disabled'
    yield* run(
      tables<WebhookTables>(context.dialect)
        .insertInto('webhook_delivery')
        .values({
          tenant,
          webhook,
          ...test,
          event: WEBHOOK_TEST,
          created_at: context.at,
          ...PENDING,
          claims: 0,
          next_attempt_at: context.at,
        }),
    )
    yield* writeAudit(tenant, audit, context)
    return 'added'
  },
)

/** A delivery that nothing was done about yet. */
const PENDING = {
  status: 'pending',
  attempts: 0,
  last_attempt_at: null,
  last_status: null,
  last_error: null,
  last_answer: null,
} as const

type Redeliver = {
  kind: 'webhook.redeliver'
  tenant: TenantId
  webhook: string
  id: string
  audit: AuditEntry
}

export const redeliverWrite = defineWrite<Redeliver, Outcome<'redeliver'>>(
  'webhook.redeliver',
  function* ({ tenant, webhook, id, audit }, context) {
    const known = yield* readWebhookForUpdate(tenant, webhook, context)
    const delivery = yield* readDeliveryForUpdate(tenant, { webhook, id }, context)
    if (!known || !delivery) return 'unknown'
    if (known.disabled_at !== null) return 'disabled'
    if (delivery.status === 'pending') return 'pending'
    yield* updateDelivery(tenant, { webhook, id }, { ...PENDING, next_attempt_at: context.at }, context)
    yield* writeAudit(tenant, audit, context)
    return 'pending'
  },
)

type Claim = {
  kind: 'webhook.claim'
  tenant: TenantId
  webhook: string
  terms: { now: Instant; leaseMs: number; limit: number }
}

/** No audit: nothing is changed that anybody asked for. */
export const claimDeliveriesWrite = defineWrite<Claim, Outcome<'claim'>>(
  'webhook.claim',
  function* ({ tenant, webhook, terms: { now, leaseMs, limit } }, context) {
    const db = tables<WebhookTables>(context.dialect)
    const [row] = yield* run(
      db.selectFrom('webhook').selectAll().where('tenant', '=', tenant).where('id', '=', webhook),
    )
    if (!row || row.disabled_at !== null) return []
    const due = db
      .selectFrom('webhook_delivery')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('webhook', '=', webhook)
      .where('next_attempt_at', '<=', now)
      .orderBy('next_attempt_at')
      .limit(limit)
    // What another node takes at this moment is its own.
    const taken = yield* run(context.dialect === 'postgres' ? due.forUpdate().skipLocked() : due)
    const { id, url, secrets } = toWebhook(row, [])
    const claimed: Outcome<'claim'> = []
    for (const delivery of taken) {
      const columns = {
        attempts: delivery.attempts + 1,
        claims: delivery.claims + 1,
        next_attempt_at: addMs(now, leaseMs),
        last_attempt_at: context.at,
      }
      yield* updateDelivery(tenant, delivery, columns, context)
      claimed.push({
        webhook: { id, url, secrets },
        delivery: toDelivery({ ...delivery, ...columns }),
        claim: columns.claims,
      })
    }
    return claimed
  },
)

type Release = {
  kind: 'webhook.release'
  tenant: TenantId
  claimed: { webhook: string; id: string; claim: number }
}

export const releaseDeliveryWrite = defineWrite<Release, void>(
  'webhook.release',
  function* ({ tenant, claimed }, context) {
    const delivery = yield* readClaimed(tenant, claimed, context)
    if (!delivery) return
    const columns = { attempts: delivery.attempts - 1, next_attempt_at: context.at }
    yield* updateDelivery(tenant, delivery, columns, context)
  },
)

type RecordAttempt = { kind: 'webhook.recordAttempt'; tenant: TenantId; attempt: AttemptRecord }

export const recordAttemptWrite = defineWrite<RecordAttempt, Outcome<'record'>>(
  'webhook.recordAttempt',
  function* ({ tenant, attempt }, context) {
    const { webhook, result, retryInMs, isGone } = attempt
    // The webhook first, as every other write does: two nodes that lock in opposite order wait for each other.
    const known = yield* readWebhookForUpdate(tenant, webhook, context)
    const delivery = yield* readClaimed(tenant, attempt, context)
    if (!known || !delivery) return null
    // Meanwhile it may have got another receiver, which is owed the message, too.
    const hasMoved = !result.isDelivered && known.url !== attempt.url
    const retryAfterMs = hasMoved ? 0 : retryInMs
    const status = result.isDelivered ? 'delivered' : retryAfterMs === null ? 'failed' : 'pending'
    yield* updateDelivery(
      tenant,
      delivery,
      {
        status,
        ...(hasMoved && { attempts: 0 }),
        next_attempt_at:
          status === 'pending' && retryAfterMs !== null ? addMs(context.at, retryAfterMs) : null,
        last_status: result.status,
        last_error: result.error,
        last_answer: result.answer,
      },
      context,
    )
    if (result.isDelivered) {
      if (known.failing_since !== null) {
        yield* updateWebhook(tenant, webhook, { failing_since: null, last_failure_at: null }, context)
      }
      return null
    }
    if (hasMoved) return null
    const failingSince = sinceWhen(known, context.at)
    const isTooLong = msBetween(failingSince, context.at) >= attempt.failingLimitMs
    const reason = known.disabled_at !== null ? null : isGone ? 'gone' : isTooLong ? 'failing' : null
    yield* updateWebhook(
      tenant,
      webhook,
      {
        failing_since: failingSince,
        last_failure_at: context.at,
        ...(reason !== null && { disabled_at: context.at, disabled_reason: reason }),
      },
      context,
    )
    if (reason !== null) {
      const detail = { ...attempt.audit.detail, reason }
      yield* writeAudit(tenant, { ...attempt.audit, detail }, context)
    }
    return reason
  },
)

function sinceWhen({ failing_since, last_failure_at }: WebhookRow, at: Instant): Instant {
  if (failing_since === null || last_failure_at === null) return at
  const isOnEnd = msBetween(last_failure_at as Instant, at) <= FORGET_FAILURE_AFTER_MS
  return isOnEnd ? (failing_since as Instant) : at
}

type DeliveryKey = { webhook: string; id: string }

/** The delivery of a claim that is still the last one; `undefined` when it was taken over, or is over. */
function* readClaimed(
  tenant: TenantId,
  { claim, ...key }: DeliveryKey & { claim: number },
  context: WriteContext,
): WriteSteps<DeliveryRow | undefined> {
  const row = yield* readDeliveryForUpdate(tenant, key, context)
  return row?.claims === claim && row.status === 'pending' ? row : undefined
}

function* readDeliveryForUpdate(
  tenant: TenantId,
  { webhook, id }: DeliveryKey,
  { dialect }: WriteContext,
): WriteSteps<DeliveryRow | undefined> {
  const query = tables<WebhookTables>(dialect)
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('webhook', '=', webhook)
    .where('id', '=', id)
  const [row] = yield* run(dialect === 'postgres' ? query.forUpdate() : query)
  return row
}

function* updateDelivery(
  tenant: TenantId,
  { webhook, id }: DeliveryKey,
  columns: Partial<DeliveryRow>,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<WebhookTables>(dialect)
      .updateTable('webhook_delivery')
      .set(columns)
      .where('tenant', '=', tenant)
      .where('webhook', '=', webhook)
      .where('id', '=', id),
  )
}

type Forget = { kind: 'webhook.forgetDeliveries'; tenant: TenantId; keys: readonly DeliveryKey[] }

export const forgetDeliveriesWrite = defineWrite<Forget, number>(
  'webhook.forgetDeliveries',
  function* ({ tenant, keys }, { dialect }) {
    let removed = 0
    for (const { webhook, id } of keys) {
      const rows = yield* run(
        tables<WebhookTables>(dialect)
          .deleteFrom('webhook_delivery')
          .where('tenant', '=', tenant)
          .where('webhook', '=', webhook)
          .where('id', '=', id)
          .returning('id'),
      )
      removed += rows.length
    }
    return removed
  },
)
