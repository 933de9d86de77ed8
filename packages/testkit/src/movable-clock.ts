import { addMs, type Clock, type Instant, parseInstant, type Timer } from '@fleetsweep/protocol'

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds, or a number and a unit such as `24h` or `-1d`. */
export type Duration = number | `${number}${keyof typeof UNIT_MS}`

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

  /** How long until the next timer falls due; `undefined` while none is set. */
  get nextTimerInMs(): number | undefined {
    const next = this.#nextUntil(Number.POSITIVE_INFINITY)
    return next && next.atMs - this.#monotonicMs
  }

  /** Lets time pass: timers that fall due run in their order, each at its own moment, before this returns. */
  advance(duration: Duration): void {
    const end = this.#monotonicMs + durationMs(duration)
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#pass(next.atMs - this.#monotonicMs)
      next.run()
    }
    this.#pass(end - this.#monotonicMs)
  }

  /** Somebody sets the wall clock, forwards or back; no time passes. */
  jump(duration: Duration): void {
    this.#wall = addMs(this.#wall, durationMs(duration))
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

/** A clock whose wall shows something else than another's, as a machine's may; time passes alike. */
export function shiftedClock(clock: Clock, duration: Duration): Clock {
  return {
    now: () => addMs(clock.now(), durationMs(duration)),
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (ms, run) => clock.setTimer(ms, run),
  }
}

function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const [, amount, unit] = /^(-?[\d.]+)(ms|s|m|h|d)$/.exec(duration) ?? []
  const entry = Object.entries(UNIT_MS).find(([name]) => name === unit)
  if (entry === undefined) throw new Error(`"${duration}" is no duration like 90s or 24h.`)
  return Number(amount) * entry[1]
}
