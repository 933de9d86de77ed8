import { addMs, type Clock, type Instant, parseInstant, type Timer } from '@fleetsweep/protocol'

type Alarm = { atMs: number; run: () => void }

/** A clock that stands still until a test moves it. */
export class MovableClock implements Clock {
  #wall: Instant
  #monotonicMs = 0
  #timers: Alarm[] = []

  constructor(start = '2026-11-23T08:00:00Z') {
    const wall = parseInstant(start)
    if (wall === undefined) throw new Error(`${start} is not a moment.`)
    this.#wall = wall
  }

  now(): Instant {
    return this.#wall
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  setTimer(ms: number, run: () => void): Timer {
    const timer: Alarm = { atMs: this.#monotonicMs + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Lets time pass: timers that fall due run in their order, each at its own moment. */
  advance(ms: number): void {
    const end = this.#monotonicMs + ms
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#pass(next.atMs - this.#monotonicMs)
      next.run()
    }
    this.#pass(end - this.#monotonicMs)
  }

  /** Somebody sets the wall clock, forwards or back; no time passes. */
  jump(ms: number): void {
    this.#wall = addMs(this.#wall, ms)
  }

  #nextUntil(endMs: number): Alarm | undefined {
    return this.#timers.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
  }

  #pass(ms: number): void {
    // A timer set for a moment that is over already runs now, not in the past.
    const passed = Math.max(0, ms)
    this.#monotonicMs += passed
    this.#wall = addMs(this.#wall, passed)
  }
}
