import type {
  DeliveredEvent,
  Instant,
  WebhookDeliveryStatus,
  WebhookDisabledReason,
  WebhookEvent,
} from '@fleetsweep/protocol'

/** A webhook as the server keeps it. */
export type StoredWebhook = {
  id: string
  url: string
  description: string
  /** In the order of the protocol. */
  events: readonly WebhookEvent[]
  createdAt: Instant
  disabledAt: Instant | null
  disabledReason: WebhookDisabledReason | null
  failingSince: Instant | null
  secrets: SealedSecrets
}

/** What messages are signed with. */
export type SealedSecrets = {
  current: string
  /** The one before, which signs, too, until that moment. */
  previous: { sealed: string; until: Instant } | null
}

/** One message to one webhook. */
export type StoredDelivery = {
  /** `webhook-id` of every attempt; the same for all webhooks that are told of the same thing. */
  id: string
  event: DeliveredEvent
  subject: string
  /** JSON of the message's `data`. */
  data: string
  createdAt: Instant
  status: WebhookDeliveryStatus
  attempts: number
  nextAttemptAt: Instant | null
  lastAttemptAt: Instant | null
  lastStatus: number | null
  lastError: string | null
  lastAnswer: string | null
}

/** How one attempt went, as the log keeps it. */
export type AttemptResult = {
  isDelivered: boolean
  /** HTTP status of the answer; null when there was none. */
  status: number | null
  /** Why it failed; null when it did not. */
  error: string | null
  /** The first bytes of the answer's body; null when there was none. */
  answer: string | null
}
