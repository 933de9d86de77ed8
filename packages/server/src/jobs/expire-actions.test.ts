import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { type Bus, type Hint, inProcessBus } from '../kit/bus.ts'
import type { MachineActionTimeouts, StoredMachineAction } from '../machine-action/index.ts'
import { ExpireActions } from './expire-actions.ts'

/** Actions that are due, in two tenants, and a database that fails as often as it is told. */
class DueActions implements MachineActionTimeouts {
  readonly due: Awaited<ReturnType<MachineActionTimeouts['expire']>>
  failures = 0

  constructor(count: number) {
    const tenants = [randomUUID() as TenantId, randomUUID() as TenantId]
    this.due = Array.from({ length: count }, (_, index) => ({
      tenant: tenants[index % 2] as TenantId,
      action: { id: randomUUID() } as StoredMachineAction,
    }))
  }

  async expire(_now: unknown, limit: number) {
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('The disk is full.')
    }
    return this.due.splice(0, limit)
  }
}

function useJob(actions: DueActions) {
  const clock = new MovableClock()
  const bus: Bus = inProcessBus()
  const hints: Hint[] = []
  bus.subscribe((hint) => hints.push(hint))
  const job = new ExpireActions({ timeouts: [actions], bus, clock, logger: pino({ level: 'silent' }) })
  const ids = () => hints.flatMap((hint) => (hint.topic === 'machineActions' ? hint.ids : []))
  return { job, clock, hints, ids }
}

describe('the time-outs of machine actions', () => {
  it('are looked for every half minute, in batches until none is due', async () => {
    const actions = new DueActions(450)
    const { job, clock, hints, ids } = useJob(actions)
    job.start()
    clock.advance('29s')
    expect(actions.due).toHaveLength(450)
    clock.advance('1s')
    await until(() => ids().length === 450, 'all were hinted at')
    // Two tenants never share a hint, and a hint stays below the size that every bus carries.
    expect(Math.max(...hints.map((hint) => JSON.stringify(hint).length))).toBeLessThan(8_000)
    expect(new Set(hints.map(({ tenant }) => tenant)).size).toBe(2)
    await job.stop()
  })

  it('are looked for again after a run that failed', async () => {
    const actions = new DueActions(3)
    actions.failures = 1
    const { job, clock, ids } = useJob(actions)
    job.start()
    clock.advance('30s')
    await until(() => clock.nextTimerInMs !== undefined, 'the next run is due')
    expect(ids()).toEqual([])
    clock.advance('30s')
    await until(() => ids().length === 3, 'all were hinted at')
    await job.stop()
  })

  it('are not looked for any more once the job has stopped', async () => {
    const actions = new DueActions(1)
    const { job, clock } = useJob(actions)
    job.start()
    await job.stop()
    clock.advance('5m')
    expect(actions.due).toHaveLength(1)
  })
})
