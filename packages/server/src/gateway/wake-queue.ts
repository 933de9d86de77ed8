/** So many machines are looked after before other work gets its turn. */
const SLICE = 64

/** Looks after woken sessions soon, each once however often it was woken, and never so many that all else waits. */
export class WakeQueue<S> {
  readonly #look: (session: S) => void
  readonly #woken = new Set<S>()

  constructor(look: (session: S) => void) {
    this.#look = look
  }

  add(session: S): void {
    if (this.#woken.size === 0) setImmediate(() => this.#run())
    this.#woken.add(session)
  }

  #run(): void {
    let left = SLICE
    for (const session of this.#woken) {
      if (left === 0) break
      left -= 1
      this.#woken.delete(session)
      this.#look(session)
    }
    if (this.#woken.size > 0) setImmediate(() => this.#run())
  }
}
