import type { Clock, Instant } from '@fleetsweep/protocol'

/** Moments that strictly increase within this process, however the wall clock jumps. */
export class InstantSource {
  readonly #clock: Clock
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  next(): Instant {
    this.#last = Math.max(this.#clock.now(), this.#last + 1)
    return this.#last as Instant
  }
}
