/** How finely a window slides: a call counts for the window and at most this part of it longer. */
const SLICES = 240

/** Calls that were counted so many milliseconds ago. */
export type CountedCalls = readonly [agoMs: number, calls: number]

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
    this.#add(this.#newest, 1)
  }

  /** Milliseconds until one more call fits into the limit; 0 when it does now. */
  waitMs(nowMs: number, limit: number): number {
    this.#slide(nowMs)
    let total = this.#total
    if (total < limit) return 0
    for (let age = SLICES; age >= 0; age -= 1) {
      const slice = this.#newest - age
      total -= this.#counts[this.#indexOf(slice)] ?? 0
      if (total < limit) return (slice + SLICES + 1) * this.#sliceMs - nowMs
    }
    // Only a limit of 0 leaves nothing to wait for.
    return SLICES * this.#sliceMs
  }

  /** What counts now, for `restore`: each call as late as it can have been. */
  snapshot(nowMs: number): CountedCalls[] {
    this.#slide(nowMs)
    const counted: CountedCalls[] = []
    for (let age = SLICES; age >= 0; age -= 1) {
      const slice = this.#newest - age
      const calls = this.#counts[this.#indexOf(slice)] ?? 0
      const endMs = Math.min(nowMs, (slice + 1) * this.#sliceMs)
      if (calls > 0) counted.push([Math.floor(nowMs - endMs), calls])
    }
    return counted
  }

  /** Adds calls that another window counted; what lies in the future counts as now. */
  restore(nowMs: number, counted: readonly CountedCalls[]): void {
    this.#slide(nowMs)
    for (const [agoMs, calls] of counted) {
      const slice = Math.floor((nowMs - Math.max(0, agoMs)) / this.#sliceMs)
      if (slice > this.#newest - this.#counts.length) this.#add(slice, calls)
    }
  }

  #add(slice: number, calls: number): void {
    const index = this.#indexOf(slice)
    this.#counts[index] = (this.#counts[index] ?? 0) + calls
    this.#total += calls
  }

  #indexOf(slice: number): number {
    const { length } = this.#counts
    // What is restored may lie before the clock of this process began.
    return ((slice % length) + length) % length
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
        const index = this.#indexOf(emptied)
        this.#total -= this.#counts[index] ?? 0
        this.#counts[index] = 0
      }
    }
    this.#newest = slice
  }
}
