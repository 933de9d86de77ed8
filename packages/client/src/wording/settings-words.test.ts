import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { describeCpuCeiling, describeLimits, describeWindows, formatShare } from './settings-words.ts'

describe('words for the settings of a scan', () => {
  it('name the days of each window', () => {
    expect(describeWindows([])).toBe('at any time')
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
    const windows = [
      { days: [...days], from: '22:00', to: '05:00' },
      { days: [...days].slice(5), from: '08:00', to: '20:00' },
    ]
    expect(describeWindows(windows)).toBe('daily 22:00–05:00; sat, sun 08:00–20:00')
  })

  it('say which ceiling held, where the machine itself lays down less', () => {
    expect(describeCpuCeiling(DEFAULT_SCAN_SETTINGS, null)).toBe('50 % of all cores')
    expect(describeCpuCeiling(DEFAULT_SCAN_SETTINGS, { cpuCeilingPercent: 20 })).toBe(
      '20 % of all cores; the policy says 50 %',
    )
  })

  it('say so where an engine does not tell its limits', () => {
    expect(describeLimits(null)).toBe('not told by the engine')
  })
})

describe('a share for people', () => {
  it.each([
    [0, 10, '0 %'],
    [0, 0, '0 %'],
    [10, 10, '100 %'],
    [1, 3, '33.3 %'],
    [1, 1_000_000, '< 0.1 %'],
    [999_999, 1_000_000, '> 99.9 %'],
  ])('of %d in %d is %s', (part, whole, words) => {
    expect(formatShare(part, whole)).toBe(words)
  })
})
