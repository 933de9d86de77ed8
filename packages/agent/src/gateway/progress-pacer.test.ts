import { MovableClock } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { waitingProgress } from '../actions/waiting-progress.ts'
import { ProgressPacer } from './progress-pacer.ts'

describe('progress on its way out', () => {
  it('goes at once, then once a second with the newest', () => {
    const clock = new MovableClock()
    const sent: [number, number][] = []
    const pacer = new ProgressPacer(clock, (_, { percent }) => sent.push([clock.monotonicMs(), percent]))
    for (let percent = 0; percent <= 30; percent++) {
      pacer.offer('a', { ...waitingProgress(1, 'It waits.'), phase: 'scanning', percent })
      clock.advance(100)
    }
    clock.advance('10s')
    expect(sent).toEqual([
      [0, 0],
      [1_000, 9],
      [2_000, 19],
      [3_000, 29],
      [4_000, 30],
    ])
  })

  it('keeps actions apart, and holds nothing back after its end', () => {
    const clock = new MovableClock()
    const sent: string[] = []
    const pacer = new ProgressPacer(clock, (actionId) => sent.push(actionId))
    for (const actionId of ['a', 'b', 'a', 'b']) pacer.offer(actionId, waitingProgress(1, 'It waits.'))
    pacer.drop('a')
    clock.advance('2s')
    pacer.offer('b', waitingProgress(1, 'It waits.'))
    pacer.offer('b', waitingProgress(1, 'It waits.'))
    pacer.close()
    clock.advance('2s')
    expect(sent).toEqual(['a', 'b', 'b', 'b'])
  })
})
