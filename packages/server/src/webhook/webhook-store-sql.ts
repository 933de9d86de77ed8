import type { TenantId } from '@fleetsweep/protocol'
import { comesAfter, NEWEST_FIRST } from '../kit/db/cursor-sql.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import {
  addWebhookTestWrite,
  claimDeliveriesWrite,
  forgetDeliveriesWrite,
  recordAttemptWrite,
  redeliverWrite,
  releaseDeliveryWrite,
} from './delivery-writes.ts'
import type { StoredWebhook } from './webhook.ts'
import { toDelivery, toWebhook, type WebhookRow, type WebhookTables } from './webhook-row.ts'
import type { WebhookStore } from './webhook-store.ts'
import {
  changeWebhookWrite,
  createWebhookWrite,
  removeWebhookWrite,
  rotateWebhookSecretWrite,
} from './webhook-writes.ts'

/** Webhooks of one tenant with their deliveries, on either database. */
export function sqlWebhookStore(db: Database, tenant: TenantId): WebhookStore {
  const from = tables<WebhookTables>(db.dialect)
  const webhooks = () => from.selectFrom('webhook').selectAll().where('tenant', '=', tenant)
  const deliveries = (webhook: string) =>
    from.selectFrom('webhook_delivery').where('tenant', '=', tenant).where('webhook', '=', webhook)

  const withEvents = async (rows: readonly WebhookRow[]): Promise<StoredWebhook[]> => {
    const events = await db.read(
      from.selectFrom('webhook_event').select(['webhook', 'event']).where('tenant', '=', tenant),
    )
    return rows.map((row) =>
      toWebhook(
        row,
        events.filter(({ webhook }) => webhook === row.id),
      ),
    )
  }

  return {
    create: (webhook, audit) => db.write(createWebhookWrite, { tenant, webhook, audit }),
    async find(id) {
      const [webhook] = await withEvents(await db.read(webhooks().where('id', '=', id)))
      return webhook
    },
    list: async ({ after, limit }) =>
      withEvents(await db.read(webhooks().where(comesAfter(after)).orderBy(NEWEST_FIRST).limit(limit))),
    change: (id, change, audit) => db.write(changeWebhookWrite, { tenant, id, change, audit }),
    rotate: (id, rotation, audit) => db.write(rotateWebhookSecretWrite, { tenant, id, rotation, audit }),
    remove: (id, audit) => db.write(removeWebhookWrite, { tenant, id, audit }),
    async forgetDeliveries(webhook, limit) {
      const ids = deliveries(webhook).select('id').limit(limit)
      const keys = (await db.read(ids)).map(({ id }) => ({ webhook, id }))
      return keys.length === 0 ? 0 : db.write(forgetDeliveriesWrite, { tenant, keys })
    },
    addTest: (webhook, test, audit) => db.write(addWebhookTestWrite, { tenant, webhook, test, audit }),
    async findDelivery(webhook, id) {
      const [row] = await db.read(deliveries(webhook).selectAll().where('id', '=', id))
      return row && toDelivery(row)
    },
    async listDeliveries(webhook, { after, limit }) {
      const page = deliveries(webhook).selectAll().where(comesAfter(after)).orderBy(NEWEST_FIRST).limit(limit)
      return (await db.read(page)).map(toDelivery)
    },
    redeliver: (webhook, id, audit) => db.write(redeliverWrite, { tenant, webhook, id, audit }),
    claim: (webhook, terms) => db.write(claimDeliveriesWrite, { tenant, webhook, terms }),
    record: (attempt) => db.write(recordAttemptWrite, { tenant, attempt }),
    release: (claimed) => db.write(releaseDeliveryWrite, { tenant, claimed }),
  }
}
