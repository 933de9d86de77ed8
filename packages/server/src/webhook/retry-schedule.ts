const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The pauses after the first attempt and those that follow; after the last one nothing more comes. */
const PAUSES_MS = [
  5_000,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
]
const LONGEST_PAUSE_MS = 24 * HOUR_MS
/** So that what failed together does not come back together. */
const JITTER = 0.1
/** `Date.parse` alone takes nearly everything for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, .* GMT$/

/**
 * When to try a message again.
 *
 * @param attempts made so far, from 1
 * @param retryAfterMs what the receiver asked for, null when it did not: it is given that much, up to a day
 * @param random from 0 to 1
 * @returns null when there was the last attempt
 */
export function retryInMs(attempts: number, retryAfterMs: number | null, random: number): number | null {
  const usual = PAUSES_MS[attempts - 1]
  if (usual === undefined) return null
  return Math.min(Math.max(usual, retryAfterMs ?? 0), LONGEST_PAUSE_MS) * (1 + JITTER * random)
}

/** Reads the header `Retry-After`, seconds or a date; null when it says nothing of the kind. */
export function readRetryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000
  const at = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}
