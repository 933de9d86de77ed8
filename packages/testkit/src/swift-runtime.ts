type Init = {
  method: string
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
  redirect?: 'error'
}

/** What a client takes of the world: real requests, and timers that are over at once and note how long they were. */
export class SwiftRuntime {
  readonly pauses: number[] = []
  /** Runs at each pause: what happens meanwhile. */
  meanwhile: () => void = () => {}
  #nowMs = 0
  #failures = 0

  readonly fetch = (url: string, init: Init): Promise<Response> => {
    if (this.#failures-- > 0) return Promise.reject(new TypeError('fetch failed'))
    return fetch(url, init)
  }

  readonly clock = {
    monotonicMs: () => this.#nowMs,
    setTimer: (ms: number, run: () => void) => {
      this.pauses.push(ms)
      this.#nowMs += ms
      this.meanwhile()
      queueMicrotask(run)
      return { cancel: () => {} }
    },
  }

  /** The wall clock of this machine, as far ahead as pauses took it. */
  nowMs(): number {
    return Date.now() + this.#nowMs
  }

  /** Pauses are as long as they may be. */
  random(): number {
    return 1
  }

  pass(ms: number): void {
    this.#nowMs += ms
  }

  /** The next requests get no answer. */
  failNext(times: number): void {
    this.#failures = times
  }
}
