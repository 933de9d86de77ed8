import type { Clock } from '@fleetsweep/protocol'

/** Allows `burst` at once and `perSecond` in the long run. Needs no timer of its own. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #filledAtMs: number

  constructor(clock: Clock, { burst, perSecond }: { burst: number; perSecond: number }) {
    this.#clock = clock
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#filledAtMs = clock.monotonicMs()
  }

  /** Takes one; `false` when there is none. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const gained = ((nowMs - this.#filledAtMs) / 1_000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + gained)
    this.#filledAtMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Gives one back that was taken for something welcome. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }
}
