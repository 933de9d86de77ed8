import { Webhook } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

export const getWebhook = operation({
  route: 'GET /fleet/v1/webhooks/:webhookId',
  summary: 'Get a webhook',
  access: ADMINISTER,
  answers: { 200: Webhook },
  handle: ({ params, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.get(principal.tenant, params.webhookId),
})
