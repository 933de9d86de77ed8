import { CreatedWebhook, RotateWebhookSecretBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Gives a webhook another secret; the only answer that shows it. */
export const rotateWebhookSecret = operation({
  route: 'POST /fleet/v1/webhooks/:webhookId/secret',
  summary: 'Rotate the secret of a webhook',
  access: ADMINISTER,
  body: RotateWebhookSecretBody,
  answers: { 201: CreatedWebhook },
  handle: ({ params, body, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.rotateSecret(principal.tenant, auditPrincipal(principal), params.webhookId, body),
})
