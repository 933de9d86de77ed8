import { describe, expect, it } from 'vitest'
import { readRetryAfterMs, retryInMs } from './retry-schedule.ts'

const HOUR_MS = 3_600_000

describe('a message that failed', () => {
  it('is tried ten times in three days', () => {
    const pauses = Array.from({ length: 10 }, (_, n) => retryInMs(n + 1, null, 0))
    expect(pauses.map((ms) => ms && ms / 1_000)).toEqual([
      5,
      300,
      1_800,
      7_200,
      18_000,
      36_000,
      50_400,
      72_000,
      86_400,
      null,
    ])
  })

  it('comes back up to a tenth later than it might', () => {
    expect(retryInMs(4, null, 1)).toBeCloseTo(2 * HOUR_MS * 1.1)
  })

  it('waits as long as the receiver asks, within a day, and never less than usual', () => {
    expect(retryInMs(1, 60_000, 0)).toBe(60_000)
    expect(retryInMs(3, 1_000, 0)).toBe(HOUR_MS / 2)
    expect(retryInMs(1, 400 * HOUR_MS, 0)).toBe(24 * HOUR_MS)
    expect(retryInMs(10, 60_000, 0)).toBeNull()
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T08:00:00Z')

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Mon, 23 Nov 2026 08:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 07:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    [undefined, null],
  ])('%s', (header, ms) => {
    expect(readRetryAfterMs(header, now)).toBe(ms)
  })
})
