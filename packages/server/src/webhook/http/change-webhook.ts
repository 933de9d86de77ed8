import { ChangeWebhookBody, Webhook } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Changes a webhook, disables or enables it; what the body does not name stays. */
export const changeWebhook = operation({
  route: 'PATCH /fleet/v1/webhooks/:webhookId',
  summary: 'Change, disable or enable a webhook',
  access: ADMINISTER,
  body: ChangeWebhookBody,
  answers: { 200: Webhook },
  handle: ({ params, body, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.change(principal.tenant, auditPrincipal(principal), params.webhookId, body),
})
