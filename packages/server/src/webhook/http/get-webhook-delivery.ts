import { WebhookDelivery } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

export const getWebhookDelivery = operation({
  route: 'GET /fleet/v1/webhooks/:webhookId/deliveries/:deliveryId',
  summary: 'Get a delivery of a webhook',
  access: ADMINISTER,
  answers: { 200: WebhookDelivery },
  handle: ({ params, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.getDelivery(principal.tenant, params.webhookId, params.deliveryId),
})
