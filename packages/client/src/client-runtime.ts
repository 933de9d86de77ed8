import type { Clock } from '@fleetsweep/protocol'

/** What the client needs of `fetch`. A browser's and Node's both fit; one of your own may bring certificates or a proxy. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

export type FetchInit = {
  method: string
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
  redirect?: 'error'
}

/** What the client takes from the outside world. */
export type ClientRuntime = {
  fetch: Fetch
  /** Its timers must keep the process alive where a call waits and nothing else does. */
  clock: Pick<Clock, 'monotonicMs' | 'setTimer'>
  /** The wall clock in milliseconds since the epoch, for what carries a date. */
  nowMs(): number
  /** From 0 to 1, as `Math.random()`: spreads attempts, keeps no secret. */
  random(): number
}

/** The platform's own fetch and timers, in a browser as in Node. */
export function platformRuntime(): ClientRuntime {
  return {
    fetch: (url, init) => fetch(url, init),
    clock: {
      monotonicMs: () => performance.now(),
      setTimer: (ms, run) => {
        const timer = setTimeout(run, ms)
        return { cancel: () => clearTimeout(timer) }
      },
    },
    nowMs: () => Date.now(),
    random: () => Math.random(),
  }
}

/** Resolves after `ms`, or as soon as the signal is aborted: whoever waits then looks at the signal. */
export function pause(clock: ClientRuntime['clock'], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = () => {
      timer.cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = clock.setTimer(ms, finish)
    signal?.addEventListener('abort', finish)
  })
}

/** Waits for something that others wait for, too: whoever aborts goes, the rest waits on. */
export async function unlessAborted<T>(wait: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return wait()
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([wait(), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
