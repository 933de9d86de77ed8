/** Lets a few through at once and a few more wait; whoever comes then is turned away. */
export class Turnstile {
  readonly #atOnce: number
  readonly #mayWait: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(limits: { atOnce: number; mayWait: number }) {
    this.#atOnce = limits.atOnce
    this.#mayWait = limits.mayWait
  }

  /** Runs work when its turn comes. @throws TurnstileFull at once when too many wait */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#inside >= this.#atOnce) {
      if (this.#waiting.length >= this.#mayWait) throw new TurnstileFull()
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#inside += 1
    }
    try {
      return await work()
    } finally {
      // Whoever waits takes the place over; nobody can slip in between.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inside -= 1
    }
  }
}

/** Too many wait already. */
export class TurnstileFull extends Error {
  override readonly name = 'TurnstileFull'
}
