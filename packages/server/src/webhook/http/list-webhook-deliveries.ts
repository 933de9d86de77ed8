import { WebhookDeliveryList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** What was sent to a webhook and what waits for it, newest first. */
export const listWebhookDeliveries = operation({
  route: 'GET /fleet/v1/webhooks/:webhookId/deliveries',
  summary: 'List the deliveries of a webhook',
  access: ADMINISTER,
  query: CursorQuery,
  answers: { 200: WebhookDeliveryList },
  handle: ({ params, query, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.listDeliveries(principal.tenant, params.webhookId, readCursorQuery(query)),
})
