import type { Instant, WebhookDisabledReason, WebhookEvent } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { Cursor } from '../kit/cursor.ts'
import type { AttemptResult, StoredDelivery, StoredWebhook } from './webhook.ts'

export type NewWebhook = Pick<StoredWebhook, 'id' | 'url' | 'description' | 'events'> & {
  sealedSecret: string
}

/** What is absent stays. */
export type WebhookChange = {
  url?: string
  events?: readonly WebhookEvent[]
  description?: string
  /** To enable a webhook forgets why it was disabled and that it failed; what waits for it goes out. */
  enabled?: boolean
}

/** A delivery that this node may attempt until its lease ends, and what it needs for that. */
export type ClaimedDelivery = {
  webhook: Pick<StoredWebhook, 'id' | 'url' | 'secrets'>
  delivery: StoredDelivery
  /** Which claim this is; what comes of an older one counts no more. */
  claim: number
}

export type AttemptRecord = {
  webhook: string
  id: string
  claim: number
  /** Where the message went: what comes of it is held against that address alone. */
  url: string
  result: AttemptResult
  /** When to try again; null when this was the last attempt. */
  retryInMs: number | null
  /** The receiver wants nothing more. */
  isGone: boolean
  /** A webhook is disabled when it has failed for so long on end. */
  failingLimitMs: number
  /** What the audit says when this disables the webhook. */
  audit: AuditEntry
}

export interface WebhookStore {
  /** `tooMany` when the tenant has `MAX_WEBHOOKS` already. */
  create(webhook: NewWebhook, audit: AuditEntry): Promise<'created' | 'tooMany'>
  find(id: string): Promise<StoredWebhook | undefined>
  /** Newest first; `after` is the last of the page before. */
  list(query: { after?: Cursor | undefined; limit: number }): Promise<StoredWebhook[]>
  change(id: string, change: WebhookChange, audit: AuditEntry): Promise<'changed' | 'unknown'>
  /** The secret of now signs beside the new one for so long; the one before that is worthless. */
  rotate(
    id: string,
    rotation: { sealedSecret: string; previousValidMs: number },
    audit: AuditEntry,
  ): Promise<'rotated' | 'unknown'>
  /** Its log remains, see `forgetDeliveries`. */
  remove(id: string, audit: AuditEntry): Promise<'removed' | 'unknown'>
  /** Removes deliveries of one webhook, at most so many. @returns how many */
  forgetDeliveries(webhook: string, limit: number): Promise<number>

  /** Adds a test to what waits for a webhook. */
  addTest(
    webhook: string,
    test: { id: string; subject: string; data: string },
    audit: AuditEntry,
  ): Promise<'added' | 'unknown' | 'disabled'>
  findDelivery(webhook: string, id: string): Promise<StoredDelivery | undefined>
  /** Newest first; `after` is the last of the page before. */
  listDeliveries(
    webhook: string,
    query: { after?: Cursor | undefined; limit: number },
  ): Promise<StoredDelivery[]>
  /** Begins anew with a delivery that is over; one that is on its way stays so. */
  redeliver(webhook: string, id: string, audit: AuditEntry): Promise<'pending' | 'unknown' | 'disabled'>

  /**
   * Takes deliveries that are due, the longest due first. Nobody else gets them before the lease ends; then they are
   * due again, unless `record` came first.
   */
  claim(webhook: string, terms: { now: Instant; leaseMs: number; limit: number }): Promise<ClaimedDelivery[]>
  /**
   * Writes down how an attempt went.
   *
   * @returns why that disabled the webhook; null when it did not, also where the claim counts no more
   */
  record(attempt: AttemptRecord): Promise<WebhookDisabledReason | null>
  /** Gives a delivery back as if this attempt had not been: it is due at once. */
  release(claimed: { webhook: string; id: string; claim: number }): Promise<void>
}
