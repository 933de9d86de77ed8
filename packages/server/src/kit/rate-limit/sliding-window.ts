/** How finely a window slides: a call counts for the window and at most this part of it longer. */
const SLICES = 240

/**
 * Counts calls over a window that slides with the clock. It takes the same small memory whatever the limit, because it
 * counts by slice; rounding is always towards fewer calls, never more than the limit in any window.
 */
export class SlidingWindow {
  readonly #sliceMs: number
  // One more than the window holds: the oldest slice counts until all of it has left.
  readonly #counts = new Uint32Array(SLICES + 1)
  #newest = Number.NEGATIVE_INFINITY
  #total = 0

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES
  }

  count(nowMs: number): void {
    this.#slide(nowMs)
    const index = this.#newest % this.#counts.length
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
  }

  /** Milliseconds until one more call fits into the limit; 0 when it does now. */
  waitMs(nowMs: number, limit: number): number {
    this.#slide(nowMs)
    let total = this.#total
    if (total < limit) return 0
    for (let age = SLICES; age >= 0; age -= 1) {
      const slice = this.#newest - age
      total -= this.#counts[slice % this.#counts.length] ?? 0
      if (total < limit) return (slice + SLICES + 1) * this.#sliceMs - nowMs
    }
    // Only a limit of 0 leaves nothing to wait for.
    return SLICES * this.#sliceMs
  }

  #slide(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs)
    const passed = slice - this.#newest
    if (passed <= 0) return
    if (passed >= this.#counts.length) {
      this.#counts.fill(0)
      this.#total = 0
    } else {
      for (let emptied = this.#newest + 1; emptied <= slice; emptied += 1) {
        const index = emptied % this.#counts.length
        this.#total -= this.#counts[index] ?? 0
        this.#counts[index] = 0
      }
    }
    this.#newest = slice
  }
}
