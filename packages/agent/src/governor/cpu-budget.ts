/** What may be saved up while nothing is used: a moment's worth, or a pause would be followed by a storm. */
const SAVED_AT_MOST_MS = 100

/**
 * An account of CPU time that grows with the clock. What was used beyond it is a debt, paid back before anything more
 * is spent, so the average holds however coarsely it is looked at.
 */
export class CpuBudget {
  readonly #coresAllowed: number
  #balanceMs = 0
  #last: { atMs: number; usedMs: number } | undefined

  /** @param ceilingPercent of all `cores` together */
  constructor(cores: number, ceilingPercent: number) {
    this.#coresAllowed = (cores * ceilingPercent) / 100
  }

  /**
   * Books what was used.
   *
   * @param atMs by a clock that never goes back
   * @param usedMs CPU time of all kinds so far, from any start; one that went back began anew
   * @returns how long nothing may be used from now on, in milliseconds; 0 when work may go on
   */
  book(atMs: number, usedMs: number): number {
    const { atMs: lastMs, usedMs: lastUsed } = this.#last ?? { atMs, usedMs }
    this.#last = { atMs, usedMs }
    const earned = (atMs - lastMs) * this.#coresAllowed
    const spent = Math.max(0, usedMs - lastUsed)
    this.#balanceMs = Math.min(this.#balanceMs + earned - spent, SAVED_AT_MOST_MS * this.#coresAllowed)
    return Math.max(0, -this.#balanceMs / this.#coresAllowed)
  }
}
