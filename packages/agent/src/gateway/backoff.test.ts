import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullJitterMs } from './backoff.ts'

describe('the pause before the next try', () => {
  it('doubles its upper end with each failure, up to a minute', () => {
    const upperEnds = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((failures) => fullJitterMs(failures, 1))
    expect(upperEnds).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('is anything from nothing to that end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const pause = fullJitterMs(failures, random)
          expect(pause).toBeGreaterThanOrEqual(0)
          expect(pause).toBeLessThanOrEqual(60_000)
          expect(pause).toBeCloseTo(random * fullJitterMs(failures, 1), 5)
        },
      ),
    )
  })
})
