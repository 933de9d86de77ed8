/** How many known files are read again, by chance. */
const SHARE = 0.01
/** Time that reading again may take, for each file that was met: a tenth of what it takes to meet them. */
const MS_A_FILE = 0.001
const MS_TO_BEGIN_WITH = 50
/** Larger files are read again when their entry ends; one of them would take longer than everything else. */
const MS_OF_ONE_AT_MOST = 250
const MS_IN_ALL_AT_MOST = 30_000

/** Chooses which known files are read again all the same, on a time budget of its own. */
export class Verification {
  readonly #random: () => number
  readonly #costMs: (bytes: number) => number
  #balanceMs = MS_TO_BEGIN_WITH
  #spentMs = 0

  /**
   * @param random from 0 to 1, not to be foreseen by who writes files
   * @param costMs what reading a file of so many bytes takes
   */
  constructor(random: () => number, costMs: (bytes: number) => number) {
    this.#random = random
    this.#costMs = costMs
  }

  /** Whether a file that is known to be clean is to be read again; asked once for each. */
  chooses(bytes: number): boolean {
    this.#balanceMs += MS_A_FILE
    if (this.#balanceMs <= 0 || this.#random() >= SHARE) return false
    const cost = this.#costMs(bytes)
    if (cost > MS_OF_ONE_AT_MOST || this.#spentMs + cost > MS_IN_ALL_AT_MOST) return false
    this.#balanceMs -= cost
    this.#spentMs += cost
    return true
  }
}
