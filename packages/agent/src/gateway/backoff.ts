export type Backoff = { baseMs: number; capMs: number }

/** Between connections that failed or broke. */
export const RECONNECT: Backoff = { baseMs: 1_000, capMs: 60_000 }

/**
 * How long to wait before the next try: anything from nothing to twice as much as the last time at most, so that a fleet
 * that lost its server does not come back all at once.
 *
 * @param failures tries that failed in a row, from 1
 * @param random from 0 to 1
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitterMs(
  failures: number,
  random: number,
  { baseMs, capMs }: Backoff = RECONNECT,
): number {
  return random * Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
}
