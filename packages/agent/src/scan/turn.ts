/** Long enough for a few thousand small steps, too short for anybody to notice. */
const TURN_MS = 8

/** Tells work that has nothing to wait for when everything else in the process must have its turn. */
export class Turn {
  #ends = 0

  /** True when it has lasted long enough; the next one begins with that. */
  isOver(): boolean {
    const now = performance.now()
    if (now < this.#ends) return false
    this.#ends = now + TURN_MS
    return true
  }
}

/** Settles when everything that was ready had its turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
