import {
  type ChangeWebhookBody,
  type Clock,
  type CreatedWebhook,
  type CreateWebhookBody,
  formatInstant,
  type Instant,
  isGuid,
  MAX_WEBHOOKS,
  type RotateWebhookSecretBody,
  type TenantId,
  USUAL_PREVIOUS_SECRET_HOURS,
  type Webhook,
  type WebhookDelivery,
} from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import type { StoredDelivery, StoredWebhook } from './webhook.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'
import type { WebhookStore } from './webhook-store.ts'
import { TargetRefused, type WebhookTargets } from './webhook-targets.ts'

const HOUR_MS = 3_600_000
/** Deliveries of one write, so that others do not wait long for it. */
const FORGET_AT_ONCE = 500

type Page = { after?: Cursor | undefined; limit: number }

/**
 * Who is told of what happens in a tenant. Whoever may do this learns what the machines of the whole tenant found.
 *
 * What names a webhook or a delivery that is not there throws ApiError `ResourceNotFound`.
 */
export type WebhookService = {
  /** Newest first, a page at a time. */
  list(tenant: TenantId, query: Page): Promise<{ items: Webhook[]; nextCursor: string | null }>
  get(tenant: TenantId, id: string): Promise<Webhook>
  /**
   * The answer alone holds the secret.
   *
   * @throws ApiError `InvalidInput` for an address that may not be called, or when there are too many webhooks already
   */
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateWebhookBody): Promise<CreatedWebhook>
  /** @throws ApiError `InvalidInput` for an address that may not be called, or when nothing is to be changed */
  change(tenant: TenantId, by: AuditPrincipal, id: string, change: ChangeWebhookBody): Promise<Webhook>
  /** Gives a webhook another secret; for a while messages are signed with both. The answer alone holds it. */
  rotateSecret(
    tenant: TenantId,
    by: AuditPrincipal,
    id: string,
    wanted: RotateWebhookSecretBody,
  ): Promise<CreatedWebhook>
  /** Removes a webhook with what waits for it and its log. */
  remove(tenant: TenantId, by: AuditPrincipal, id: string): Promise<void>
  /** Sends a test. @throws ApiError `InvalidInput` while the webhook is disabled */
  test(tenant: TenantId, by: AuditPrincipal, id: string): Promise<WebhookDelivery>
  /** Newest first, a page at a time. */
  listDeliveries(
    tenant: TenantId,
    id: string,
    query: Page,
  ): Promise<{ items: WebhookDelivery[]; nextCursor: string | null }>
  getDelivery(tenant: TenantId, id: string, delivery: string): Promise<WebhookDelivery>
  /**
   * Sends a message once more, under its own id and with all attempts; one that is on its way stays so.
   *
   * @throws ApiError `InvalidInput` while the webhook is disabled
   */
  redeliver(tenant: TenantId, by: AuditPrincipal, id: string, delivery: string): Promise<WebhookDelivery>
}

type Parts = {
  webhooksOf: (tenant: TenantId) => WebhookStore
  secrets: WebhookSecrets
  targets: WebhookTargets
  bus: Pick<Bus, 'publish'>
  clock: Clock
  newId: () => string
}

export function webhookService({ webhooksOf, secrets, targets, bus, clock, newId }: Parts): WebhookService {
  const shown = (webhook: StoredWebhook) => showWebhook(webhook, clock.now())

  const find = async (tenant: TenantId, text: string): Promise<StoredWebhook> => {
    const webhook = isGuid(text) ? await webhooksOf(tenant).find(text.toLowerCase()) : undefined
    if (!webhook) throw unknownWebhook(text)
    return webhook
  }
  const get = async (tenant: TenantId, id: string) => shown(await find(tenant, id))

  const findDelivery = async (tenant: TenantId, text: string, id: string) => {
    const webhook = await find(tenant, text)
    const delivery = await webhooksOf(tenant).findDelivery(webhook.id, id)
    if (!delivery) throw notFound(`The delivery ${id}`)
    return shownDelivery(webhook)(delivery)
  }

  /** Something is due now: nodes that hear of it need not wait for their next look. */
  const tell = (tenant: TenantId): void => bus.publish({ topic: 'webhooks', tenant })

  const entry = (
    principal: AuditPrincipal,
    operation: string,
    target: string,
    detail: AuditEntry['detail'] = {},
  ): AuditEntry => ({ id: newId(), principal, operation: `webhook.${operation}`, target, detail })

  return {
    get,
    async list(tenant, { after, limit }) {
      const rows = await webhooksOf(tenant).list({ after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shown)
    },
    async create(tenant, by, { url: text, events, description = '' }) {
      const url = readTarget(targets, text)
      const id = newId()
      const secret = secrets.make({ tenant, webhook: id })
      const webhook = { id, url: url.href, events, description, sealedSecret: secret.sealed }
      const detail = { origin: url.origin, events, description }
      const outcome = await webhooksOf(tenant).create(webhook, entry(by, 'create', id, detail))
      if (outcome === 'tooMany') {
        throw new ApiError(
          'InvalidInput',
          `There are ${MAX_WEBHOOKS} webhooks already. Remove one that is not used`,
        )
      }
      return { ...(await get(tenant, id)), secret: secret.text }
    },
    async change(tenant, by, text, { url: wantedUrl, events, description, enabled }) {
      const { id } = await find(tenant, text)
      const url = wantedUrl === undefined ? undefined : readTarget(targets, wantedUrl)
      const change = present({ url: url?.href, events, description, enabled })
      if (Object.keys(change).length === 0) {
        throw new ApiError(
          'InvalidInput',
          'Nothing is to be changed: give url, events, description or enabled',
        )
      }
      // The path of an address is often a secret of its own.
      const detail = present({ origin: url?.origin, events, description, enabled })
      const outcome = await webhooksOf(tenant).change(id, change, entry(by, 'change', id, detail))
      if (outcome === 'unknown') throw unknownWebhook(text)
      tell(tenant)
      return get(tenant, id)
    },
    async rotateSecret(tenant, by, text, { previousValidHours = USUAL_PREVIOUS_SECRET_HOURS }) {
      const { id } = await find(tenant, text)
      const secret = secrets.make({ tenant, webhook: id })
      const rotation = { sealedSecret: secret.sealed, previousValidMs: previousValidHours * HOUR_MS }
      const audit = entry(by, 'rotateSecret', id, { previousValidHours })
      if ((await webhooksOf(tenant).rotate(id, rotation, audit)) === 'unknown') throw unknownWebhook(text)
      return { ...(await get(tenant, id)), secret: secret.text }
    },
    async remove(tenant, by, text) {
      const webhook = await find(tenant, text)
      const detail = { origin: new URL(webhook.url).origin, description: webhook.description }
      const outcome = await webhooksOf(tenant).remove(webhook.id, entry(by, 'delete', webhook.id, detail))
      if (outcome === 'unknown') throw unknownWebhook(text)
      while ((await webhooksOf(tenant).forgetDeliveries(webhook.id, FORGET_AT_ONCE)) === FORGET_AT_ONCE);
    },
    async test(tenant, by, text) {
      const webhook = await find(tenant, text)
      const subject = newId()
      const test = { id: `test_${subject}`, subject, data: JSON.stringify({ webhookId: webhook.id }) }
      const audit = entry(by, 'test', webhook.id)
      const outcome = await webhooksOf(tenant).addTest(webhook.id, test, audit)
      if (outcome === 'unknown') throw unknownWebhook(text)
      if (outcome === 'disabled') throw disabled()
      tell(tenant)
      return findDelivery(tenant, webhook.id, test.id)
    },
    async listDeliveries(tenant, text, { after, limit }) {
      const webhook = await find(tenant, text)
      const rows = await webhooksOf(tenant).listDeliveries(webhook.id, { after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shownDelivery(webhook))
    },
    getDelivery: findDelivery,
    async redeliver(tenant, by, text, delivery) {
      const { id } = await find(tenant, text)
      const audit = entry(by, 'redeliver', id, { deliveryId: delivery })
      const outcome = await webhooksOf(tenant).redeliver(id, delivery, audit)
      if (outcome === 'unknown') throw notFound(`The delivery ${delivery}`)
      if (outcome === 'disabled') throw disabled()
      tell(tenant)
      return findDelivery(tenant, id, delivery)
    },
  }
}

function readTarget(targets: WebhookTargets, text: string): URL {
  try {
    return targets.read(text)
  } catch (cause) {
    if (!(cause instanceof TargetRefused)) throw cause
    throw new ApiError('InvalidInput', cause.message, { cause })
  }
}

function unknownWebhook(text: string): ApiError {
  return notFound(`The webhook ${text}`)
}

function disabled(): ApiError {
  return new ApiError('InvalidInput', 'The webhook is disabled. Enable it first')
}

function showWebhook(webhook: StoredWebhook, now: Instant): Webhook {
  const { id, url, description, events, disabledReason, secrets } = webhook
  const until = secrets.previous?.until ?? null
  return {
    id,
    url,
    description,
    events: [...events],
    createdAt: formatInstant(webhook.createdAt),
    disabledAt: moment(webhook.disabledAt),
    disabledReason,
    failingSince: moment(webhook.failingSince),
    previousSecretUntil: until !== null && until > now ? formatInstant(until) : null,
  }
}

function shownDelivery({ disabledAt }: StoredWebhook): (delivery: StoredDelivery) => WebhookDelivery {
  return (delivery) => {
    const { id, event, subject, status, attempts, lastStatus, lastError, lastAnswer } = delivery
    return {
      id,
      event,
      subject,
      status,
      createdAt: formatInstant(delivery.createdAt),
      attempts,
      nextAttemptAt: disabledAt === null ? moment(delivery.nextAttemptAt) : null,
      lastAttemptAt: moment(delivery.lastAttemptAt),
      lastStatus,
      lastError,
      lastAnswer,
    }
  }
}

function moment(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant)
}
