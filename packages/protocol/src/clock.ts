import type { Instant } from './instant.ts'

/** Where time comes from. Passed in everywhere, so that tests move it by hand. */
export interface Clock {
  /** The wall clock: may be wrong, may jump. */
  now(): Instant
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number
  /** Calls `run` once, `ms` from now, unless cancelled. Never keeps the process alive by itself. */
  setTimer(ms: number, run: () => void): Timer
}

export interface Timer {
  cancel(): void
}
