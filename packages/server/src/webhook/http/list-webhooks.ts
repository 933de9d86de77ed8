import { WebhookList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { WebhookService } from '../index.ts'
import { ADMINISTER } from './administer.ts'

/** Webhooks, newest first. */
export const listWebhooks = operation({
  route: 'GET /fleet/v1/webhooks',
  summary: 'List webhooks',
  access: ADMINISTER,
  query: CursorQuery,
  answers: { 200: WebhookList },
  handle: ({ query, principal }, { webhooks }: { webhooks: WebhookService }) =>
    webhooks.list(principal.tenant, readCursorQuery(query)),
})
