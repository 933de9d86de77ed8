import { MovableClock } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { ScanGovernor } from './scan-governor.ts'

/** An engine with one busy process, on a machine with two cores. */
class BusyEngine {
  readonly clock = new MovableClock()
  usedMs = 0
  isHeld = false
  cores = 2
  readonly brake = {
    usedCpuMs: () => this.usedMs,
    hold: () => {
      this.isHeld = true
    },
    release: () => {
      this.isHeld = false
    },
  }

  govern(ceilingPercent: number): ScanGovernor {
    return new ScanGovernor({
      clock: this.clock,
      cores: 2,
      ceilingPercent,
      usedCpuMs: () => 0,
      brake: this.brake,
    })
  }

  work(ms: number): void {
    for (let passed = 0; passed < ms; passed++) {
      if (!this.isHeld) this.usedMs += this.cores
      this.clock.advance(1)
    }
  }
}

describe('a governor', () => {
  it.each([5, 25, 50, 75])('keeps a busy engine at %i percent of all cores', (ceiling) => {
    const engine = new BusyEngine()
    using _ = engine.govern(ceiling)
    engine.work(60_000)
    expect((engine.usedMs / 60_000 / 2) * 100).toBeGreaterThan(ceiling * 0.9)
    expect((engine.usedMs / 60_000 / 2) * 100).toBeLessThan(ceiling * 1.1)
  })

  it('holds nothing back from an engine that uses less', () => {
    const engine = new BusyEngine()
    engine.cores = 0.4
    using _ = engine.govern(25)
    engine.work(10_000)
    expect(engine.usedMs).toBeCloseTo(4_000)
  })

  it('lets the agent take the next file when the engine may go on', async () => {
    const engine = new BusyEngine()
    using governor = engine.govern(10)
    await governor.pace()
    engine.work(50)
    expect(engine.isHeld).toBe(true)
    let isOn = false
    const paced = governor.pace().then(() => {
      isOn = true
    })
    await Promise.resolve()
    expect(isOn).toBe(false)
    engine.work(2_000)
    await paced
  })

  it('lets everything go when the scan is over', async () => {
    const engine = new BusyEngine()
    const governor = engine.govern(5)
    engine.work(50)
    const paced = governor.pace()
    governor[Symbol.dispose]()
    await paced
    expect(engine.isHeld).toBe(false)
    engine.work(1_000)
    expect(engine.isHeld).toBe(false)
    await governor.pace()
  })

  it('holds nothing at a ceiling of everything', () => {
    const engine = new BusyEngine()
    using _ = engine.govern(100)
    engine.work(1_000)
    expect(engine.usedMs).toBe(2_000)
  })
})
