import { WebhookDelivery } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Sends a message once more, under the same `webhook-id`. */
export const redeliver = operation({
  route: 'POST /fleet/v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver',
  summary: 'Send a message of a webhook once more',
  access: ADMINISTER,
  answers: { 201: WebhookDelivery },
  handle: ({ params, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.redeliver(principal.tenant, auditPrincipal(principal), params.webhookId, params.deliveryId),
})
