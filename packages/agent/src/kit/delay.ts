import type { Clock } from '@fleetsweep/protocol'

/** Settles `ms` from now by the given clock, or at once when the signal aborts. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      timer.cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimer(ms, done)
    signal?.addEventListener('abort', done)
  })
}
