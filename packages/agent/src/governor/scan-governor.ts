import type { Clock, Timer } from '@fleetsweep/protocol'
import type { EngineBrake } from '../engines/engine.ts'
import { CpuBudget } from './cpu-budget.ts'

/** How often is looked at what was used: short enough that nobody at the machine feels the steps. */
const LOOK_EVERY_MS = 25
/** An engine that is held for longer would look dead to those who wait for its answers. */
const HELD_AT_MOST_MS = 1_000

export type ScanGovernorParts = {
  clock: Clock
  cores: number
  /** Of all cores together. */
  ceilingPercent: number
  /** CPU time that the agent itself has used so far, in milliseconds. */
  usedCpuMs: () => number
  brake: EngineBrake | undefined
}

/**
 * Keeps a scan under its CPU ceiling by letting engine and agent stand still for moments.
 *
 * It works on every system alike, needs no rights over control groups, and never slows down what answers the server:
 * the agent only stops taking the next file.
 */
export class ScanGovernor implements Disposable {
  readonly #parts: ScanGovernorParts
  readonly #budget: CpuBudget
  readonly #waiting = new Set<() => void>()
  #timer: Timer | undefined
  #isHolding = false
  #isOver = false

  constructor(parts: ScanGovernorParts) {
    this.#parts = parts
    this.#budget = new CpuBudget(parts.cores, parts.ceilingPercent)
    // A ceiling of everything holds nothing back.
    if (parts.ceilingPercent < 100) this.#look()
    else this.#isOver = true
  }

  /** Settles when work may go on; at once while the ceiling is not reached. */
  pace(): Promise<void> {
    if (!this.#isHolding) return NOW
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  /** The scan is over, or to be stopped: nothing is held any more. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
    this.#go()
  }

  #look(): void {
    if (this.#isOver) return
    const { clock, brake, usedCpuMs } = this.#parts
    const used = usedCpuMs() + (brake?.usedCpuMs() ?? 0)
    const holdMs = this.#budget.book(clock.monotonicMs(), used)
    if (holdMs > 0) this.#hold()
    else this.#go()
    const nextMs = holdMs > 0 ? Math.min(Math.max(holdMs, 1), HELD_AT_MOST_MS) : LOOK_EVERY_MS
    this.#timer = clock.setTimer(nextMs, () => this.#look())
  }

  #hold(): void {
    // Each time anew: the engine may have started another process since.
    this.#parts.brake?.hold()
    this.#isHolding = true
  }

  #go(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    this.#parts.brake?.release()
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

const NOW = Promise.resolve()
