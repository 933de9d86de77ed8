import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Deletes a webhook with what waits for it and its log. */
export const deleteWebhook = operation({
  route: 'DELETE /fleet/v1/webhooks/:webhookId',
  summary: 'Delete a webhook',
  access: ADMINISTER,
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { webhooks }: { webhooks: WebhookService }) => {
    await webhooks.remove(principal.tenant, auditPrincipal(principal), params.webhookId)
    return new Answer(204, null)
  },
})
