import { msBetween } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { MovableClock } from './movable-clock.ts'

describe('a movable clock', () => {
  it('runs timers in the order of their moments, each at its own', () => {
    const clock = new MovableClock()
    const ran: [string, number][] = []
    clock.setTimer(200, () => ran.push(['late', clock.monotonicMs()]))
    clock.setTimer(100, () => {
      ran.push(['early', clock.monotonicMs()])
      clock.setTimer(50, () => ran.push(['set on the way', clock.monotonicMs()]))
    })
    clock.setTimer(120, () => ran.push(['cancelled', 0])).cancel()
    clock.advance(250)
    expect(ran).toEqual([
      ['early', 100],
      ['set on the way', 150],
      ['late', 200],
    ])
  })

  it('takes durations as people say them', () => {
    const clock = new MovableClock()
    clock.advance('24h')
    expect(clock.monotonicMs()).toBe(86_400_000)
  })

  it('keeps measuring time right when somebody sets its wall clock', () => {
    const clock = new MovableClock()
    const before = clock.now()
    clock.jump('-1d')
    clock.advance(1_000)
    expect(msBetween(before, clock.now())).toBe(-86_399_000)
    expect(clock.monotonicMs()).toBe(1_000)
  })
})
