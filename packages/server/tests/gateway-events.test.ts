import type { AgentEvent, MachineActionId, ScanProgress } from '@fleetsweep/protocol'
import {
  FakeAgent,
  type FakeMachine,
  sampleDetection,
  sampleEngine,
  sampleInventory,
  sampleReport,
  until,
} from '@fleetsweep/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ExpireActions } from '../src/jobs/index.ts'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { GatewayServer, REPORT_URL } from './gateway-server.ts'
import { openPostgresBackend, openSqliteBackend } from './stores/backends.ts'

let server: GatewayServer
let machine: FakeMachine
let actionId: MachineActionId
beforeAll(async () => {
  server = await GatewayServer.start()
})
beforeEach(async () => {
  machine = await server.machine()
  actionId = await server.requestScan(machine)
})
afterAll(() => server[Symbol.asyncDispose]())

const accepted = { kind: 'accepted' } as const
const started = { kind: 'started', attempt: 1, engine: sampleEngine } as const
const detected = { kind: 'detection', attempt: 1, detection: sampleDetection() } as const
const finished = { kind: 'finished', report: sampleReport({ detections: 1 }) } as const

/** Connects and takes the order. */
async function ordered(): Promise<FakeAgent> {
  const agent = await FakeAgent.open(server.origin, machine)
  await agent.nextOrder()
  return agent
}

describe('a scan that a machine tells of', () => {
  it('goes from Pending to Succeeded with its detection and report', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, accepted)
    expect(await server.statusOf(actionId)).toBe('InProgress')
    for (const [index, event] of [started, detected, finished].entries()) {
      expect(await agent.tell(actionId, index + 2, event)).toBe(index + 2)
    }
    expect(await server.of.machineActions.find(actionId)).toMatchObject({
      status: 'Succeeded',
      troubleshootInfo: expect.stringContaining(`see ${REPORT_URL}${actionId}`),
    })
    const scan = await server.of.scans.find(actionId)
    expect(scan).toMatchObject({ lastEvent: 4, attempts: 1, reportedLate: false, report: finished.report })
    const detections = await server.of.detections.list({ actionId, limit: 10 }, ALL_MACHINES)
    expect(detections).toHaveLength(1)
  })

  it('is hinted at on the bus with every change', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, accepted)
    await until(
      () => server.hints.some((hint) => hint.topic === 'machineActions' && hint.ids.includes(actionId)),
      'the action was hinted at',
    )
  })

  it('succeeds when the word that it was accepted never came', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, finished)
    expect(await server.statusOf(actionId)).toBe('Succeeded')
    expect((await server.of.scans.find(actionId))?.acceptedAt).toEqual(expect.any(Number))
  })

  it('may tell more new events than it may send frames', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, started)
    for (let number = 2; number <= 500; number += 1) {
      await agent.tell(actionId, number, { ...detected, detection: sampleDetection(`/tmp/${number}`) })
    }
    expect((await server.of.scans.find(actionId))?.lastEvent).toBe(500)
  })
})

describe.each([
  ['SQLite', openSqliteBackend],
  ['PostgreSQL', openPostgresBackend],
])('as many events at once as the protocol allows, on %s', (_, open) => {
  it('are taken in their order', async () => {
    await using own = await GatewayServer.start({ open })
    const other = await own.machine()
    const id = await own.requestScan(other)
    await using agent = await FakeAgent.open(own.origin, other)
    await agent.nextOrder()
    const events: AgentEvent[] = [accepted, started]
    for (let count = 0; count < 29; count += 1) {
      events.push({ ...detected, detection: sampleDetection(`/tmp/${count}`) })
    }
    events.push(finished)
    for (const [index, event] of events.entries()) {
      agent.send({ type: 'event', actionId: id, number: index + 1, event })
    }
    for (const [index] of events.entries()) expect((await agent.next('ack')).number).toBe(index + 1)
    expect(await own.statusOf(id)).toBe('Succeeded')
    expect(await own.of.detections.list({ actionId: id, limit: 100 }, ALL_MACHINES)).toHaveLength(29)
  })
})

describe('an event', () => {
  it('is acknowledged again when it is repeated, and counts once', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, started)
    await agent.tell(actionId, 2, detected)
    for (let count = 0; count < 3; count += 1) expect(await agent.tell(actionId, 1, started)).toBe(1)
    expect(await agent.tell(actionId, 2, finished)).toBe(2)
    expect(await server.statusOf(actionId)).toBe('InProgress')
    expect(await server.of.detections.list({ actionId, limit: 10 }, ALL_MACHINES)).toHaveLength(1)
  })

  it('after a gap is answered with the number of the last one that is on disk', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, accepted)
    expect(await agent.tell(actionId, 4, finished)).toBe(1)
    expect(await server.statusOf(actionId)).toBe('InProgress')
    const listed = { actionId, lastEvent: 4, ended: true }
    expect(await agent.heartbeat([listed])).toEqual([{ actionId, ackedEvent: 1, verdict: 'continue' }])
  })

  it('of another machine’s action is not acknowledged and changes nothing', async () => {
    const other = await server.machine('lab-08')
    await using agent = await FakeAgent.open(server.origin, other)
    agent.send({ type: 'event', actionId, number: 1, event: finished })
    const listed = { actionId, lastEvent: 1, ended: true }
    expect(await agent.heartbeat([listed])).toEqual([{ actionId, ackedEvent: 0, verdict: 'forget' }])
    expect(agent.received).toEqual([])
    expect(await server.statusOf(actionId)).toBe('Pending')
  })

  it('that comes after the action timed out is kept as late and moves nothing', async () => {
    const agent = await ordered()
    await agent.tell(actionId, 1, started)
    await agent[Symbol.asyncDispose]()
    const job = new ExpireActions({ ...server, timeouts: [server.stores.timeouts], logger: server.logger })
    job.start()
    server.clock.advance('73h')
    await until(async () => {
      server.clock.advance('30s')
      return (await server.statusOf(actionId)) === 'TimeOut'
    }, 'the action timed out')
    await job.stop()
    await using again = await FakeAgent.open(server.origin, machine)
    expect(await again.tell(actionId, 2, finished)).toBe(2)
    expect(await server.statusOf(actionId)).toBe('TimeOut')
    expect(await server.of.scans.find(actionId)).toMatchObject({
      reportedLate: true,
      report: finished.report,
    })
  })
})

describe('reconciliation', () => {
  it('fails an action that the machine leaves out twice, and gives its next one', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, accepted)
    await agent.heartbeat()
    expect(await server.statusOf(actionId)).toBe('InProgress')
    await agent.heartbeat()
    expect(await server.of.machineActions.find(actionId)).toMatchObject({
      status: 'Failed',
      troubleshootInfo: expect.stringContaining('no longer knows'),
    })
    const next = await server.requestScan(machine)
    await agent.heartbeat()
    expect(await agent.nextOrder()).toMatchObject({ actionId: next })
  })

  it('starts to count anew when the machine lists the action again', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, accepted)
    for (let count = 0; count < 3; count += 1) {
      await agent.heartbeat()
      await agent.heartbeat([{ actionId, lastEvent: 1, ended: false }])
    }
    expect(await server.statusOf(actionId)).toBe('InProgress')
  })

  it('tells the machine to forget what the server does not know', async () => {
    await using agent = await ordered()
    const unknown = crypto.randomUUID()
    expect(await agent.heartbeat([{ actionId: unknown, lastEvent: 7, ended: false }])).toEqual([
      { actionId: unknown, ackedEvent: 0, verdict: 'forget' },
    ])
  })
})

describe('progress', () => {
  const at = (percent: number): ScanProgress => ({
    phase: 'scanning',
    attempt: 1,
    filesTotal: 100,
    filesDone: percent,
    bytesTotal: 100,
    bytesDone: percent,
    percent,
    detections: 0,
    etaMs: null,
  })
  const hinted = (id: string) =>
    server.hints.filter((hint) => hint.topic === 'scanProgress' && hint.actionId === id)
  const stored = async () => (await server.of.scans.find(actionId))?.progress?.percent

  it('is passed on at once and written every two seconds', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, started)
    for (let percent = 1; percent <= 20; percent += 1) {
      agent.send({ type: 'progress', actionId, progress: at(percent) })
    }
    await until(() => hinted(actionId).length === 20, 'progress was passed on')
    expect(await stored()).toBeUndefined()
    server.clock.advance('2s')
    await until(async () => (await stored()) === 20, 'the newest progress was written')
  })

  it('of another machine’s action is not passed on', async () => {
    const other = await server.machine('lab-08')
    await using agent = await FakeAgent.open(server.origin, other)
    agent.send({ type: 'progress', actionId, progress: at(50) })
    await agent.heartbeat()
    server.clock.advance('2s')
    await agent.heartbeat()
    expect(hinted(actionId)).toEqual([])
    expect(await stored()).toBeUndefined()
  })

  it('of an attempt that was interrupted does not show as that of the next', async () => {
    await using agent = await ordered()
    await agent.tell(actionId, 1, started)
    agent.send({ type: 'progress', actionId, progress: at(90) })
    await agent.tell(actionId, 2, { ...started, attempt: 2 })
    server.clock.advance('2s')
    await agent.tell(actionId, 3, detected)
    expect(await stored()).toBeUndefined()
  })
})

describe('an inventory', () => {
  it('changes what is known of the machine, with the address that it came from', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    agent.send({ type: 'inventory', inventory: { ...sampleInventory('renamed'), osVersion: '13.0' } })
    await agent.heartbeat()
    expect(await server.of.machines.find(server.idOf(machine))).toMatchObject({
      computerDnsName: 'renamed',
      osVersion: '13.0',
      lastExternalIpAddress: '127.0.0.1',
      publicKey: machine.key.publicKey,
    })
  })
})
