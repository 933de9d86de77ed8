import type { Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { WebhookOutbox } from '../webhook/index.ts'
import { ForgetOld, type Old } from './forget-old.ts'

/** Also of what still waits: a webhook that is disabled for so long gets it no more. */
const KEPT_FOR_MS = 30 * 86_400_000

/** Removes deliveries of webhooks after thirty days, every ten minutes. */
export function forgetWebhookDeliveries({
  outbox,
  ...parts
}: {
  outbox: WebhookOutbox
  clock: Clock
  logger: Logger
}): ForgetOld {
  const old: Old[] = [{ keptForMs: KEPT_FOR_MS, forget: (before, limit) => outbox.forget(before, limit) }]
  return new ForgetOld({ ...parts, everyMs: 600_000, old, called: 'old webhook deliveries' })
}
