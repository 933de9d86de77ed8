import type { TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { sumByTenant } from '../kit/db/sum-by-tenant.ts'
import { forgetDeliveriesWrite } from './delivery-writes.ts'
import type { WebhookOutbox } from './webhook-outbox.ts'
import type { WebhookTables } from './webhook-row.ts'

/** One probe of an index for each webhook, however much waits. */
const selectDue = prepare((db: Kysely<WebhookTables>, { now }: { now: number }) =>
  db
    .selectFrom('webhook')
    .select(['webhook.tenant', 'webhook.id', 'webhook.failing_since'])
    .where('webhook.disabled_at', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('webhook_delivery as waiting')
          .select('waiting.id')
          .whereRef('waiting.tenant', '=', 'webhook.tenant')
          .whereRef('waiting.webhook', '=', 'webhook.id')
          .where('waiting.next_attempt_at', '<=', now),
      ),
    ),
)

/** Deliveries of all tenants, on either database. */
export function sqlWebhookOutbox(db: Database): WebhookOutbox {
  return {
    due: async (now) =>
      (await db.read(selectDue(db.dialect, { now }))).map(({ tenant, id, failing_since }) => ({
        tenant: tenant as TenantId,
        webhook: id,
        isFailing: failing_since !== null,
      })),
    async forget(before, limit) {
      const old = await db.read(
        tables<WebhookTables>(db.dialect)
          .selectFrom('webhook_delivery')
          .select(['tenant', 'webhook', 'id'])
          .where('created_at', '<', before)
          .orderBy('created_at')
          .limit(limit),
      )
      return sumByTenant(old, (tenant, keys) => db.write(forgetDeliveriesWrite, { tenant, keys }))
    },
  }
}
