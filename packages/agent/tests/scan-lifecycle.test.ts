import { FakeGateway, FakeScanRunner, sampleDetection, sampleReport, until } from '@fleetsweep/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway
let agent: TestAgent

async function connectAgent(scans = new FakeScanRunner()): Promise<FakeScanRunner> {
  gateway = await FakeGateway.start()
  agent = new TestAgent({ scans })
  await agent.enroll(gateway)
  agent.start()
  await gateway.connected()
  return scans
}

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

describe('a scan that the server orders', () => {
  it('is accepted, started and reported, each told once and in order', async () => {
    await connectAgent(new FakeScanRunner({ detections: [sampleDetection()] }))
    const action = gateway.orderScan('Quick')
    const { report } = await gateway.event(action, 'finished')
    expect(report).toMatchObject({ scanType: 'Quick', attempts: 1, detections: 1 })
    expect(gateway.kinds(action)).toEqual(['accepted', 'started', 'detection', 'finished'])
    expect(gateway.frames.filter((frame) => frame.type === 'event')).toHaveLength(4)
  })

  it('tells how far it is', async () => {
    const scans = await connectAgent(new FakeScanRunner({ holds: true }))
    const action = gateway.orderScan('Full')
    await gateway.event(action, 'started')
    await until(() => action.progress.length > 0, 'progress was told')
    scans.release()
    await gateway.event(action, 'finished')
  })

  it('waits until the one before has ended, and says that it waits', async () => {
    const scans = await connectAgent(new FakeScanRunner({ holds: true }))
    const first = gateway.orderScan('Full')
    await gateway.event(first, 'started')
    const second = gateway.orderScan('Quick')
    await gateway.event(second, 'accepted')
    await until(
      () => second.progress.some(({ phase }) => phase === 'waiting'),
      'the second said that it waits',
    )
    expect(scans.runs).toHaveLength(1)
    scans.release()
    await gateway.event(second, 'started')
    scans.release()
    await gateway.event(second, 'finished')
    expect(scans.mostAtOnce).toBe(1)
  })

  it('ends as failed, with the reason, when the scan cannot be done', async () => {
    const reason = 'ClamAV has no signatures.'
    await connectAgent(new FakeScanRunner({ ends: () => ({ kind: 'failed', reason, report: null }) }))
    expect(await gateway.event(gateway.orderScan(), 'failed')).toEqual({
      kind: 'failed',
      reason,
      report: null,
    })
  })

  it('ends as failed when the scan breaks off, and the next one runs', async () => {
    let isFirst = true
    await connectAgent(
      new FakeScanRunner({
        ends: () => {
          if (!isFirst) return { kind: 'finished', report: sampleReport() }
          isFirst = false
          throw new Error('a mistake')
        },
      }),
    )
    const first = await gateway.event(gateway.orderScan(), 'failed')
    expect(first.reason).not.toContain('a mistake')
    await gateway.event(gateway.orderScan(), 'finished')
  })

  it('fails rather than leave out a detection that cannot be told', async () => {
    const detection = { ...sampleDetection(), owner: 'x'.repeat(300) }
    await connectAgent(new FakeScanRunner({ detections: [detection] }))
    expect((await gateway.event(gateway.orderScan(), 'failed')).reason).toContain('could not be told')
    expect(gateway.badFrames).toEqual([])
  })

  it('reports with fewer examples when there are more than a frame carries', async () => {
    const notScannedSamples = Array.from({ length: 1_100 }, (_, n) => ({
      reason: 'unreadable' as const,
      path: { text: `/srv/${'deep/'.repeat(100)}${n}` },
    }))
    const report = sampleReport({ notScannedSamples })
    await connectAgent(new FakeScanRunner({ ends: () => ({ kind: 'finished', report }) }))
    const told = (await gateway.event(gateway.orderScan(), 'finished')).report
    expect(told.coverage).toEqual(report.coverage)
    expect(told.notScannedSamples.length).toBeGreaterThan(100)
  })
})

describe('a stop order', () => {
  it('ends the running scan and brings the proof', async () => {
    await connectAgent(new FakeScanRunner({ holds: true }))
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    gateway.orderStop(action)
    expect(await gateway.event(action, 'stopped')).toMatchObject({ proof: 'queueEmpty' })
    expect(gateway.kinds(action).at(-1)).toBe('stopped')
  })

  it('keeps the next scan waiting until the engine has proved that it stopped', async () => {
    const scans = await connectAgent(new FakeScanRunner({ holds: true, holdsStop: true }))
    const first = gateway.orderScan()
    await gateway.event(first, 'started')
    gateway.orderStop(first)
    const second = gateway.orderScan('Full')
    await gateway.event(second, 'accepted')
    expect(scans.runs).toHaveLength(1)
    expect(gateway.kinds(first)).not.toContain('stopped')
    scans.releaseStop()
    await gateway.event(first, 'stopped')
    await gateway.event(second, 'started')
    expect(scans.mostAtOnce).toBe(1)
    // What is left running is ended with the agent.
    scans.options.holdsStop = false
  })

  it('ends a waiting scan before it ever starts', async () => {
    const scans = await connectAgent(new FakeScanRunner({ holds: true }))
    const first = gateway.orderScan()
    await gateway.event(first, 'started')
    const second = gateway.orderScan()
    await gateway.event(second, 'accepted')
    gateway.orderStop(second)
    expect(await gateway.event(second, 'stopped')).toMatchObject({ proof: 'neverStarted' })
    scans.release()
    await gateway.event(first, 'finished')
    expect(scans.runs).toHaveLength(1)
  })

  it('for an action that never arrived is answered, and the scan that comes late does not run', async () => {
    const scans = await connectAgent()
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    const late = { ...action, actionId: crypto.randomUUID(), events: new Map(), progress: [] }
    gateway.actions.set(late.actionId, late)
    gateway.orderStop(late)
    expect(await gateway.event(late, 'stopped')).toMatchObject({ proof: 'neverStarted' })
    late.events.clear()
    gateway.repeatOrder(late)
    await gateway.event(late, 'stopped')
    expect(scans.runs.map((run) => run.actionId)).toEqual([action.actionId])
  })

  it('for an action that has ended by itself brings the proof after its end', async () => {
    await connectAgent()
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    gateway.orderStop(action)
    expect(await gateway.event(action, 'stopped')).toMatchObject({ proof: 'queueEmpty' })
    expect(gateway.kinds(action)).toEqual(['accepted', 'started', 'finished', 'stopped'])
  })
})

describe('an order for an action that the machine knows', () => {
  it('runs nothing twice while the scan goes on', async () => {
    const scans = await connectAgent(new FakeScanRunner({ holds: true }))
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    gateway.repeatOrder(action)
    gateway.sendOrder({ actionId: action.actionId.toUpperCase() })
    scans.release()
    await gateway.event(action, 'finished')
    expect(scans.runs).toHaveLength(1)
  })

  it('tells again how a scan ended that was told to the end', async () => {
    const scans = await connectAgent()
    const action = gateway.orderScan()
    const finished = await gateway.event(action, 'finished')
    action.events.clear()
    gateway.repeatOrder(action)
    expect(await gateway.event(action, 'finished')).toEqual(finished)
    expect(scans.runs).toHaveLength(1)
  })
})
