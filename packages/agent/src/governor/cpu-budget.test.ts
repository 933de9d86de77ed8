import { describe, expect, it } from 'vitest'
import { CpuBudget } from './cpu-budget.ts'

describe('a budget of CPU time', () => {
  it('lets work that stays below the ceiling go on', () => {
    const budget = new CpuBudget(2, 50)
    for (let ms = 0; ms <= 1_000; ms += 25) expect(budget.book(ms, ms * 0.9)).toBe(0)
  })

  it('says how long to stand still until what was used is the share again', () => {
    const budget = new CpuBudget(2, 25)
    budget.book(0, 1_000)
    // Two cores for 100 ms are 200 ms where 50 ms were earned.
    expect(budget.book(100, 1_200)).toBe(300)
    expect(budget.book(400, 1_200)).toBe(0)
  })

  it('keeps the average whatever the steps: debts are kept, savings are not', () => {
    const budget = new CpuBudget(4, 25)
    let used = 0
    let held = 0
    budget.book(0, 0)
    for (let ms = 10; ms <= 60_000; ms += 10) {
      if (ms > held) used += 40
      const waitMs = budget.book(ms, used)
      if (ms > held && waitMs > 0) held = ms + waitMs
    }
    expect(used / 60_000).toBeGreaterThan(0.95)
    expect(used / 60_000).toBeLessThan(1.05)
    // An hour of rest buys no more than a moment of work.
    budget.book(3_660_000, used)
    expect(budget.book(3_660_000, used + 1_000)).toBeGreaterThan(800)
  })

  it('does not take a new process, which has used nothing yet, for a gift', () => {
    const budget = new CpuBudget(1, 50)
    budget.book(0, 10_000)
    budget.book(10, 0)
    expect(budget.book(110, 100)).toBeGreaterThan(0)
  })
})
