import { WebhookDelivery } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Sends a message of the type `webhook.test`; how it went shows in the delivery. */
export const testWebhook = operation({
  route: 'POST /fleet/v1/webhooks/:webhookId/test',
  summary: 'Send a test to a webhook',
  access: ADMINISTER,
  answers: { 201: WebhookDelivery },
  handle: ({ params, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.test(principal.tenant, auditPrincipal(principal), params.webhookId),
})
