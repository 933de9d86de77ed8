import type { MachineActionStatus, TenantId } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Bus, inProcessBus } from '../kit/bus.ts'
import { ALL_MACHINES, type Principal } from '../principal/index.ts'
import { ActionWaits } from './action-waits.ts'

const TENANT = 'tenant-1' as TenantId

function principal(id: string): Principal {
  return {
    kind: 'application',
    tenant: TENANT,
    id,
    name: id,
    permissions: new Set(),
    rolePermissions: null,
    reach: ALL_MACHINES,
    requestSource: 'PublicApi',
  }
}

describe('a call that waits for the end of an action', () => {
  let clock: MovableClock
  let bus: Bus
  let waits: ActionWaits
  let status: MachineActionStatus
  let looks: number

  beforeEach(() => {
    clock = new MovableClock()
    bus = inProcessBus()
    waits = new ActionWaits({ bus, clock })
    status = 'Pending'
    looks = 0
  })

  const look = async () => {
    looks += 1
    return { status }
  }
  const hold = (given: { id?: string; by?: string; signal?: AbortSignal } = {}) => {
    const { id = 'a', by = 'application', signal = new AbortController().signal } = given
    return waits.hold({ principal: principal(by), id, waitMs: 30_000, signal }, { status: 'Pending' }, look)
  }
  const hint = (ids: readonly string[], tenant: string = TENANT) =>
    bus.publish({ topic: 'machineActions', tenant, ids })
  const looked = (times: number) => until(() => looks === times, `it was looked at ${times} times`)

  it('looks once at each hint and is answered with the end', async () => {
    const answer = hold()
    await looked(1)
    status = 'InProgress'
    hint(['a', 'b'])
    await looked(2)
    status = 'Succeeded'
    hint(['a'])
    expect(await answer).toEqual({ status: 'Succeeded' })
    expect(looks).toBe(3)
    expect(clock.nextTimerInMs).toBeUndefined()
  })

  it('notices an end that came before it listened', async () => {
    status = 'Failed'
    expect(await hold()).toEqual({ status: 'Failed' })
  })

  it('looks at no hint about another action or tenant', async () => {
    const answer = hold()
    await looked(1)
    hint(['b'])
    hint(['a'], 'tenant-2')
    bus.publish({ topic: 'wake', tenant: TENANT, machineIds: ['a'] })
    // Listeners are told in the order of the hints.
    const told = Promise.withResolvers<void>()
    bus.subscribe(({ topic }) => topic === 'scanProgress' && told.resolve())
    bus.publish({ topic: 'scanProgress', tenant: TENANT, machineId: '', actionId: '', progress: null })
    await told.promise
    expect(looks).toBe(1)
    clock.advance('30s')
    await answer
  })

  it('is answered with what stands when its time is over, after one last look', async () => {
    const answer = hold()
    await looked(1)
    clock.advance('29s')
    status = 'InProgress'
    clock.advance('1s')
    expect(await answer).toEqual({ status: 'InProgress' })
    expect(looks).toBe(2)
  })

  it('asks anew when who may do what has changed, and is refused when it may not be answered', async () => {
    const answer = waits.hold(
      { principal: principal('x'), id: 'a', waitMs: 30_000, signal: new AbortController().signal },
      { status: 'Pending' },
      async () => {
        await look()
        if (looks > 1) throw new Error('no longer')
        return { status }
      },
    )
    await looked(1)
    bus.publish({ topic: 'securityEpoch', tenant: TENANT })
    await expect(answer).rejects.toThrow('no longer')
    expect(clock.nextTimerInMs).toBeUndefined()
  })

  it('is answered with what stands when the server stops, and so is one that comes then', async () => {
    const answer = hold()
    await looked(1)
    waits.close()
    expect(await answer).toEqual({ status: 'Pending' })
    expect(await hold()).toEqual({ status: 'Pending' })
    expect(looks).toBe(2)
  })

  it('ends, unanswered, when its caller goes away, and makes room', async () => {
    const leaving = new AbortController()
    const answers = [hold({ signal: leaving.signal }), ...Array.from({ length: 99 }, () => hold())]
    await looked(100)
    await expect(hold()).rejects.toMatchObject({ code: 'TooManyRequests', headers: { 'retry-after': '10' } })
    const other = hold({ by: 'somebody else' })
    await looked(101)
    leaving.abort()
    await answers[0]
    expect(looks).toBe(101)
    answers.push(hold())
    await looked(102)
    waits.close()
    await Promise.all([...answers, other])
  })

  it('is refused when as many wait as the server holds', async () => {
    const answers = Array.from({ length: 2_000 }, (_, n) => hold({ by: `application ${n % 20}` }))
    await looked(2_000)
    await expect(hold({ by: 'one more' })).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    waits.close()
    await Promise.all(answers)
  })
})
