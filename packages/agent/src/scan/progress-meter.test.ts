import type { ScanProgress } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { CoverageCount } from './coverage-count.ts'
import { ProgressMeter } from './progress-meter.ts'

describe('the progress of a scan', () => {
  let clock: MovableClock
  let count: CoverageCount
  let told: ScanProgress[]
  let meter: ProgressMeter
  beforeEach(() => {
    clock = new MovableClock()
    count = new CoverageCount()
    told = []
    meter = new ProgressMeter({ clock, attempt: 2, count, tell: (progress) => told.push(progress) })
  })

  it('is told at most four times a second, and at once when the phase changes', () => {
    meter.enter('walking')
    for (let i = 0; i < 100; i++) {
      count.meet(10n)
      clock.advance('10ms')
      meter.moved()
    }
    expect(told).toHaveLength(1 + 4)
    meter.enter('scanning')
    expect(told.at(-1)).toMatchObject({ phase: 'scanning', attempt: 2, filesTotal: 100, bytesTotal: 1_000 })
  })

  it('weighs files by what they cost the engine', () => {
    count.meet(0n)
    count.meet(20_000_000n)
    meter.enter('scanning')
    count.settle('scanned', 0)
    clock.advance('1s')
    meter.moved()
    expect(told.at(-1)).toMatchObject({ filesDone: 1, percent: 0.2 })
    count.settle('scanned', 20_000_000)
    clock.advance('1s')
    meter.moved()
    expect(told.at(-1)).toMatchObject({ percent: 100, etaMs: 0 })
  })

  it('tells what is left once it can be told', () => {
    for (let i = 0; i < 10; i++) count.meet(1_000n)
    meter.enter('scanning')
    expect(told.at(-1)?.etaMs).toBeNull()
    count.settle('scanned', 1_000)
    clock.advance('2s')
    meter.moved()
    expect(told.at(-1)?.etaMs).toBe(18_000)
  })

  it('does not count what a stop left over as done', () => {
    count.meet(1n)
    count.meet(1n)
    meter.enter('scanning')
    count.settle('scanned', 1)
    count.settleRest('cancelled')
    meter.enter('ended')
    expect(told.at(-1)).toMatchObject({ filesDone: 1, percent: 50 })
    expect(count.coverage.notScanned.cancelled).toEqual({ files: 1, bytes: 1 })
  })
})
