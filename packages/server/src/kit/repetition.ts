import type { Clock, Timer } from '@fleetsweep/protocol'

/** Does something again and again, with a pause from the end of one run to the beginning of the next. */
export class Repetition {
  readonly #clock: Clock
  readonly #pauseMs: number
  readonly #run: () => Promise<void>
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  /** @param run must not reject: whoever gives it knows what a failure means */
  constructor(clock: Clock, pauseMs: number, run: () => Promise<void>) {
    this.#clock = clock
    this.#pauseMs = pauseMs
    this.#run = run
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** The first run comes after a pause. */
  start(): void {
    this.#timer = this.#clock.setTimer(this.#pauseMs, () => {
      this.#running = this.#run().finally(() => {
        if (!this.#isStopped) this.start()
      })
    })
  }

  /** Settles when a run that has begun is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }
}
