import type { ClientRuntime } from './client-runtime.ts'

const LONGEST_MS = 30_000

/**
 * How long to wait before trying again: anything up to twice as long each time, so that clients that failed together do
 * not come back together.
 *
 * @param attempt 0 for the first that failed
 */
export function backoffMs({ random }: Pick<ClientRuntime, 'random'>, attempt: number): number {
  return random() * Math.min(LONGEST_MS, 1_000 * 2 ** Math.min(attempt, 10))
}
