import type { Instant, TenantId } from '@fleetsweep/protocol'

/** Deliveries of all tenants. */
export interface WebhookOutbox {
  /** Enabled webhooks that a delivery is due for, and whether the last attempt failed. */
  due(now: Instant): Promise<{ tenant: TenantId; webhook: string; isFailing: boolean }[]>
  /** Removes deliveries that were created before, at most so many. @returns how many */
  forget(before: Instant, limit: number): Promise<number>
}
