import { CreatedWebhook, CreateWebhookBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Has an address told of what happens; the only answer that shows the secret. */
export const createWebhook = operation({
  route: 'POST /fleet/v1/webhooks',
  summary: 'Create a webhook',
  access: ADMINISTER,
  body: CreateWebhookBody,
  answers: { 201: CreatedWebhook },
  handle: ({ body, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.create(principal.tenant, auditPrincipal(principal), body),
})
