import { MovableClock } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CallCounter, type CallLimits } from './call-counter.ts'

const LIMITS: CallLimits = { perMinute: 10, perHour: 30 }

const times = (count: number, counter: CallCounter, key = 'a', limits = LIMITS) =>
  Array.from({ length: count }, () => counter.count(key, limits)).filter((exceeded) => exceeded === undefined)
    .length

/** Another process that goes on from what this one counted, `downMs` later by the wall clock. */
function restarted(counter: CallCounter, downMs: number, clock = new MovableClock()) {
  const next = new CallCounter(clock, 100)
  for (const { key, counts } of counter.takeChanged()) next.restore(key, counts, downMs)
  return { next, clock }
}

describe('a call counter', () => {
  it('says which limit was reached and how long to wait', () => {
    const clock = new MovableClock()
    const counter = new CallCounter(clock, 100)
    expect(times(11, counter)).toBe(10)
    expect(counter.count('a', LIMITS)).toEqual({ retryAfterSeconds: 61, calls: 10, windowSeconds: 60 })
    for (let minute = 0; minute < 2; minute += 1) {
      clock.advance('61s')
      expect(times(10, counter)).toBe(10)
    }
    clock.advance('61s')
    const exceeded = counter.count('a', LIMITS)
    expect(exceeded).toMatchObject({ calls: 30, windowSeconds: 3_600 })
    clock.advance(`${exceeded?.retryAfterSeconds ?? 0}s`)
    expect(times(1, counter)).toBe(1)
  })

  it('knows no limit where there is none', () => {
    const counter = new CallCounter(new MovableClock(), 100)
    expect(times(500, counter, 'a', { perMinute: null, perHour: null })).toBe(500)
  })

  it('goes on after a restart from what was counted, for as long as that counts', () => {
    const clock = new MovableClock()
    const counter = new CallCounter(clock, 100)
    times(7, counter)
    clock.advance('20s')
    const { next, clock: later } = restarted(counter, 10_000)
    expect(times(10, next)).toBe(3)
    later.advance('31s')
    expect(times(10, next)).toBe(7)
  })

  it('never allows more than the limit in any minute, however often it is restarted', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            pauseMs: fc.integer({ min: 0, max: 20_000 }),
            calls: fc.integer({ min: 1, max: 6 }),
            // Clocks of processes begin anywhere, so their slices lie otherwise.
            restart: fc.option(fc.integer({ min: 0, max: 999 })),
          }),
          { maxLength: 60 },
        ),
        (steps) => {
          let clock = new MovableClock()
          let counter = new CallCounter(clock, 100)
          let wallMs = 0
          const through: number[] = []
          for (const { pauseMs, calls, restart } of steps) {
            clock.advance(pauseMs)
            wallMs += pauseMs
            if (restart !== null) {
              const next = new MovableClock()
              next.advance(restart)
              counter.markChanged(['a'])
              counter = restarted(counter, 0, next).next
              clock = next
            }
            const allowed = times(calls, counter, 'a', { perMinute: 10, perHour: null })
            through.push(...Array<number>(allowed).fill(wallMs))
            expect(through.filter((at) => at > wallMs - 60_000).length).toBeLessThanOrEqual(10)
          }
        },
      ),
    )
  })

  it('locks nobody out for longer than the window when the wall clock was set back', () => {
    const clock = new MovableClock()
    const counter = new CallCounter(clock, 100)
    times(10, counter)
    const { next, clock: later } = restarted(counter, -86_400_000)
    expect(next.count('a', LIMITS)?.retryAfterSeconds).toBeLessThanOrEqual(61)
    // Kept by the clock as it is now, so that the next restart does not begin anew.
    expect(next.takeChanged().map(({ key }) => key)).toEqual(['a'])
    later.advance('61s')
    expect(times(1, next)).toBe(1)
  })

  it('forgets what was counted before the wall clock was set far ahead', () => {
    const counter = new CallCounter(new MovableClock(), 100)
    times(10, counter)
    expect(times(20, restarted(counter, 7_200_000).next)).toBe(10)
  })

  it('tells what has changed once, and again when it could not be kept', () => {
    const counter = new CallCounter(new MovableClock(), 100)
    times(3, counter, 'a')
    times(2, counter, 'b')
    const changed = counter.takeChanged()
    expect(changed.map(({ key, counts }) => [key, counts.hour])).toEqual([
      ['a', [[0, 3]]],
      ['b', [[0, 2]]],
    ])
    expect(counter.takeChanged()).toEqual([])
    counter.markChanged(['b'])
    expect(counter.takeChanged().map(({ key }) => key)).toEqual(['b'])
  })

  it('remembers so many keys and no more', () => {
    const counter = new CallCounter(new MovableClock(), 2)
    for (const key of ['a', 'b', 'c']) times(10, counter, key)
    expect(times(10, counter, 'b')).toBe(0)
    expect(times(10, counter, 'a')).toBe(10)
    expect(counter.takeChanged()).toHaveLength(2)
  })
})
