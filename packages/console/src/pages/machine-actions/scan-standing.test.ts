import { buildProgress } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { scanStanding } from './scan-standing.ts'

const scan = (given: object, atMs = 1_000) => ({
  value: { status: 'InProgress' as const, progress: null, waitingFor: null, ...given },
  atMs,
})

describe('how a scan stands', () => {
  it('is told by how far it is and what is left', () => {
    expect(scanStanding(scan({ progress: buildProgress() }), undefined)).toEqual({
      percent: 40,
      words: '480 of 1,200 files, 131.9 MiB of 329.7 MiB, about 18 s left',
      waiting: undefined,
      isMoving: true,
    })
  })

  it('is told by the newer word of the machine', () => {
    const waitingFor = 'The machine has been offline since 2026-11-23T08:00:00Z.'
    const live = { value: buildProgress({ percent: 50 }), atMs: 2_000 }
    const asked = { waitingFor, progress: buildProgress() }
    expect(scanStanding(scan(asked), live)).toMatchObject({ percent: 50, waiting: undefined, isMoving: true })
    expect(scanStanding(scan(asked, 3_000), live)).toMatchObject({
      percent: 40,
      waiting: waitingFor,
      isMoving: false,
    })
  })

  it('says how far a scan came that pauses, and why, and no time that is left', () => {
    const because = 'It is outside of the hours for scans until 22:00.'
    const live = { value: buildProgress({ phase: 'paused', because }), atMs: 2_000 }
    expect(scanStanding(scan({}), live)).toEqual({
      percent: 40,
      words: 'paused at 480 of 1,200 files, 131.9 MiB of 329.7 MiB',
      waiting: because,
      isMoving: false,
    })
  })

  it.each([
    [buildProgress({ phase: 'loadingEngine', percent: 0 }), 'loading the engine', true],
    [buildProgress({ phase: 'walking' }), 'counting files: 1,200 so far', true],
    [
      buildProgress({ phase: 'waiting', percent: 0, because: 'It looks for newer signatures first.' }),
      'waiting',
      false,
    ],
  ])('has no percentage before there are totals: %j', (value, words, isMoving) => {
    expect(scanStanding(scan({}), { value, atMs: 2_000 })).toMatchObject({ percent: null, words, isMoving })
  })

  it('is told before the machine has it', () => {
    const pending = scan({ status: 'Pending', waitingFor: 'The machine has been offline.' })
    expect(scanStanding(pending, undefined)).toEqual({
      percent: null,
      words: 'waiting for the machine',
      waiting: 'The machine has been offline.',
      isMoving: false,
    })
  })
})
