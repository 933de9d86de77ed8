import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlidingWindow } from './sliding-window.ts'

const WINDOW_MS = 60_000

describe('a sliding window', () => {
  it('never lets more than the limit through in any window, and lets through whoever waits as told', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
        (limit, pauses) => {
          const window = new SlidingWindow(WINDOW_MS)
          const through: number[] = []
          let nowMs = 123_456.789
          for (const pause of pauses) {
            nowMs += pause
            const waitMs = window.waitMs(nowMs, limit)
            expect(waitMs).toBeLessThanOrEqual(WINDOW_MS * 1.01)
            nowMs += waitMs
            expect(window.waitMs(nowMs, limit)).toBe(0)
            window.count(nowMs)
            through.push(nowMs)
            expect(through.filter((at) => at > nowMs - WINDOW_MS).length).toBeLessThanOrEqual(limit)
          }
        },
      ),
    )
  })

  it('lets a limit’s worth of calls through at once', () => {
    const window = new SlidingWindow(WINDOW_MS)
    for (let call = 0; call < 100; call += 1) {
      expect(window.waitMs(0, 100)).toBe(0)
      window.count(0)
    }
    expect(window.waitMs(0, 100)).toBeGreaterThan(0)
    expect(window.waitMs(0, 101)).toBe(0)
  })
})
