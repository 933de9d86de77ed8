import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { RefusalTally, refusalEntry } from './refusal-tally.ts'

const tenant = randomUUID() as TenantId
const ann = { kind: 'user', id: 'ann', name: 'ann@contoso.example' } as const

describe('the tally of refused calls', () => {
  let clock: MovableClock
  let refusals: RefusalTally
  const note = (route = 'GET /api/machines', code = 'Forbidden', principal: typeof ann = ann) =>
    refusals.note(tenant, principal, route, code)

  beforeEach(() => {
    clock = new MovableClock('2026-11-23T08:00:50Z')
    refusals = new RefusalTally(clock)
  })

  it('counts by principal, route, code and minute, once the minute is over', () => {
    for (let calls = 0; calls < 3; calls += 1) note()
    note('GET /api/machines', 'TooManyRequests')
    note('POST /api/machines')
    note('GET /api/machines', 'Forbidden', { ...ann, id: 'bob' as 'ann' })
    expect(refusals.take('over').tallies).toEqual([])
    clock.advance('10s')
    note()
    const { tallies } = refusals.take('over')
    expect(tallies.map(({ calls }) => calls)).toEqual([3, 1, 1, 1])
    expect(tallies[0] && refusalEntry(tallies[0], 'id')).toEqual({
      id: 'id',
      principal: ann,
      operation: 'call.refused',
      target: 'GET /api/machines',
      detail: { code: 'Forbidden', minute: '2026-11-23T08:00:00Z', calls: 3 },
    })
    expect(refusals.take('all').tallies).toMatchObject([{ calls: 1 }])
    expect(refusals.take('all').tallies).toEqual([])
  })

  it('adds up what could not be written and what came since', () => {
    note()
    const { tallies } = refusals.take('all')
    note()
    refusals.giveBack(tallies)
    expect(refusals.take('all').tallies).toMatchObject([{ calls: 2 }])
  })

  it('keeps so many and no more, and says how many calls found no room', () => {
    for (let n = 0; n < 10_003; n += 1) note(`GET /api/${n}`)
    note('GET /api/0')
    expect(refusals.take('all')).toMatchObject({ beyond: 3, tallies: { length: 10_000 } })
  })

  it('does not wait for a minute that a clock set back will not reach soon', () => {
    note()
    clock.jump('-1d')
    expect(refusals.take('over').tallies).toHaveLength(1)
  })
})
