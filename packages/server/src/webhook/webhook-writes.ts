import { addMs, MAX_WEBHOOKS, type TenantId, type WebhookEvent } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { lockAccess } from '../tenant/index.ts'
import type { WebhookRow, WebhookTables } from './webhook-row.ts'
import type { NewWebhook, WebhookChange, WebhookStore } from './webhook-store.ts'

type Outcome<Method extends keyof WebhookStore> = Awaited<ReturnType<WebhookStore[Method]>>

type CreateWebhook = { kind: 'webhook.create'; tenant: TenantId; webhook: NewWebhook; audit: AuditEntry }

export const createWebhookWrite = defineWrite<CreateWebhook, Outcome<'create'>>(
  'webhook.create',
  function* ({ tenant, webhook, audit }, context) {
    // A webhook learns what the whole tenant does, so it is access as roles are; and two could not count at once.
    yield* lockAccess(tenant, context)
    const db = tables<WebhookTables>(context.dialect)
    const known = yield* run(db.selectFrom('webhook').select('id').where('tenant', '=', tenant))
    if (known.length >= MAX_WEBHOOKS) return 'tooMany'
    const { id, url, description, events, sealedSecret } = webhook
    yield* run(
      db.insertInto('webhook').values({
        tenant,
        id,
        url,
        description,
        created_at: context.at,
        disabled_at: null,
        disabled_reason: null,
        sealed_secret: sealedSecret,
        sealed_previous_secret: null,
        previous_until: null,
        failing_since: null,
        last_failure_at: null,
      }),
    )
    yield* insertEvents(tenant, id, events, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

type ChangeWebhook = {
  kind: 'webhook.change'
  tenant: TenantId
  id: string
  change: WebhookChange
  audit: AuditEntry
}

export const changeWebhookWrite = defineWrite<ChangeWebhook, Outcome<'change'>>(
  'webhook.change',
  function* ({ tenant, id, change, audit }, context) {
    const known = yield* readWebhookForUpdate(tenant, id, context)
    if (!known) return 'unknown'
    const { url = known.url, description = known.description, events, enabled } = change
    yield* updateWebhook(
      tenant,
      id,
      {
        url,
        description,
        // Another receiver has not failed yet.
        ...(url !== known.url && { failing_since: null, last_failure_at: null }),
        ...(enabled !== undefined && switched(known, enabled, context)),
      },
      context,
    )
    if (events !== undefined) {
      yield* deleteEvents(tenant, id, context)
      yield* insertEvents(tenant, id, events, context)
    }
    yield* writeAudit(tenant, audit, context)
    return 'changed'
  },
)

function switched(known: WebhookRow, enabled: boolean, { at }: WriteContext): Partial<WebhookRow> {
  if (enabled) return { disabled_at: null, disabled_reason: null, failing_since: null, last_failure_at: null }
  return known.disabled_at === null ? { disabled_at: at, disabled_reason: 'byAdministrator' } : {}
}

type RotateSecret = {
  kind: 'webhook.rotateSecret'
  tenant: TenantId
  id: string
  rotation: { sealedSecret: string; previousValidMs: number }
  audit: AuditEntry
}

export const rotateWebhookSecretWrite = defineWrite<RotateSecret, Outcome<'rotate'>>(
  'webhook.rotateSecret',
  function* ({ tenant, id, rotation: { sealedSecret, previousValidMs }, audit }, context) {
    const known = yield* readWebhookForUpdate(tenant, id, context)
    if (!known) return 'unknown'
    const isKept = previousValidMs > 0
    yield* updateWebhook(
      tenant,
      id,
      {
        sealed_secret: sealedSecret,
        sealed_previous_secret: isKept ? known.sealed_secret : null,
        previous_until: isKept ? addMs(context.at, previousValidMs) : null,
      },
      context,
    )
    yield* writeAudit(tenant, audit, context)
    return 'rotated'
  },
)

type RemoveWebhook = { kind: 'webhook.remove'; tenant: TenantId; id: string; audit: AuditEntry }

export const removeWebhookWrite = defineWrite<RemoveWebhook, Outcome<'remove'>>(
  'webhook.remove',
  function* ({ tenant, id, audit }, context) {
    const removed = yield* run(
      tables<WebhookTables>(context.dialect)
        .deleteFrom('webhook')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .returning('id'),
    )
    if (removed.length === 0) return 'unknown'
    yield* deleteEvents(tenant, id, context)
    yield* writeAudit(tenant, audit, context)
    return 'removed'
  },
)

/** Reads a webhook to change it. On PostgreSQL its row stays locked until the commit. */
export function* readWebhookForUpdate(
  tenant: TenantId,
  id: string,
  { dialect }: WriteContext,
): WriteSteps<WebhookRow | undefined> {
  const query = tables<WebhookTables>(dialect)
    .selectFrom('webhook')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('id', '=', id)
  const [row] = yield* run(dialect === 'postgres' ? query.forUpdate() : query)
  return row
}

export function* updateWebhook(
  tenant: TenantId,
  id: string,
  columns: Partial<WebhookRow>,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<WebhookTables>(dialect)
      .updateTable('webhook')
      .set(columns)
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
}

function* insertEvents(
  tenant: TenantId,
  webhook: string,
  events: readonly WebhookEvent[],
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<WebhookTables>(dialect)
      .insertInto('webhook_event')
      .values(events.map((event) => ({ tenant, event, webhook })))
      .onConflict((conflict) => conflict.doNothing()),
  )
}

function* deleteEvents(tenant: TenantId, webhook: string, { dialect }: WriteContext): WriteSteps<void> {
  yield* run(
    tables<WebhookTables>(dialect)
      .deleteFrom('webhook_event')
      .where('tenant', '=', tenant)
      .where('webhook', '=', webhook),
  )
}
