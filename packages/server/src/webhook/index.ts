export {
  addWebhookTestWrite,
  claimDeliveriesWrite,
  forgetDeliveriesWrite,
  recordAttemptWrite,
  redeliverWrite,
  releaseDeliveryWrite,
} from './delivery-writes.ts'
export { tellWebhooks } from './tell-webhooks.ts'
export { WebhookDeliverer } from './webhook-deliverer.ts'
export type { WebhookOutbox } from './webhook-outbox.ts'
export { sqlWebhookOutbox } from './webhook-outbox-sql.ts'
export { WebhookSecrets } from './webhook-secrets.ts'
export { type WebhookService, webhookService } from './webhook-service.ts'
export type { WebhookStore } from './webhook-store.ts'
export { sqlWebhookStore } from './webhook-store-sql.ts'
export { type ResolveHost, WebhookTargets } from './webhook-targets.ts'
export {
  changeWebhookWrite,
  createWebhookWrite,
  removeWebhookWrite,
  rotateWebhookSecretWrite,
} from './webhook-writes.ts'
