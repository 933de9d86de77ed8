import {
  type DeliveredEvent,
  type Instant,
  WEBHOOK_EVENTS,
  type WebhookDeliveryStatus,
  type WebhookDisabledReason,
} from '@fleetsweep/protocol'
import type { StoredDelivery, StoredWebhook } from './webhook.ts'

export type WebhookTables = {
  webhook: WebhookRow
  webhook_event: { tenant: string; event: string; webhook: string }
  webhook_delivery: DeliveryRow
}

export type WebhookRow = {
  tenant: string
  id: string
  url: string
  description: string
  created_at: number
  disabled_at: number | null
  disabled_reason: string | null
  sealed_secret: string
  sealed_previous_secret: string | null
  previous_until: number | null
  failing_since: number | null
  last_failure_at: number | null
}

export type DeliveryRow = {
  tenant: string
  webhook: string
  id: string
  event: string
  subject: string
  data: string
  created_at: number
  status: string
  attempts: number
  /** Counts who took it: only the last one's word is heard. */
  claims: number
  /** Null when it is over; while an attempt runs, the end of its lease. */
  next_attempt_at: number | null
  last_attempt_at: number | null
  last_status: number | null
  last_error: string | null
  last_answer: string | null
}

/** The row's own words are trusted: only the writes of this folder put them there. */
export function toWebhook(row: WebhookRow, events: readonly { event: string }[]): StoredWebhook {
  const named = new Set(events.map(({ event }) => event))
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: WEBHOOK_EVENTS.filter((event) => named.has(event)),
    createdAt: row.created_at as Instant,
    disabledAt: row.disabled_at as Instant | null,
    disabledReason: row.disabled_reason as WebhookDisabledReason | null,
    failingSince: row.failing_since as Instant | null,
    secrets: {
      current: row.sealed_secret,
      previous:
        row.sealed_previous_secret === null || row.previous_until === null
          ? null
          : { sealed: row.sealed_previous_secret, until: row.previous_until as Instant },
    },
  }
}

export function toDelivery(row: DeliveryRow): StoredDelivery {
  return {
    id: row.id,
    event: row.event as DeliveredEvent,
    subject: row.subject,
    data: row.data,
    createdAt: row.created_at as Instant,
    status: row.status as WebhookDeliveryStatus,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at as Instant | null,
    lastAttemptAt: row.last_attempt_at as Instant | null,
    lastStatus: row.last_status,
    lastError: row.last_error,
    lastAnswer: row.last_answer,
  }
}
