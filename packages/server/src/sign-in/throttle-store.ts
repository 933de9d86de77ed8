import type { Instant } from '@fleetsweep/protocol'

/** Somebody, or some place, whose failures are counted. */
export type ThrottleSubject = {
  /** Keyed hash: the rows name nobody. */
  hash: string
  /** How many failures cost no wait. */
  free: number
}

/** How often signing in has failed, in one tenant. Kept in the database: a restart forgives nothing, nor another node. */
export interface ThrottleStore {
  /**
   * Counts an attempt as failed before it is made, so that many at once gain nothing.
   *
   * @returns until when nobody may try, where that is so: then nothing was counted
   */
  attempt(subjects: readonly ThrottleSubject[]): Promise<Instant | null>

  /** Takes an attempt back that succeeded: what is cleared forgets its failures, what is eased this one alone. */
  succeed(subjects: { cleared: readonly string[]; eased: readonly ThrottleSubject[] }): Promise<void>
}

/** The counts of all tenants. */
export interface StaleThrottles {
  /** Forgets who has not failed since then, at most so many. @returns how many it forgot */
  forget(before: Instant, limit: number): Promise<number>
}

const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 15 * 60_000

/** How long nobody may try after so many failures: none, then 5 s, then twice as long each time, up to 15 minutes. */
export function waitMsAfter(failures: number, free: number): number {
  if (failures <= free) return 0
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - free - 1, 20), LONGEST_WAIT_MS)
}
