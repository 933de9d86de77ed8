import {
  CLOSE,
  DEFAULT_SCAN_SETTINGS,
  type MachineActionId,
  type Order,
  type ServerFrame,
} from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, sampleEngine, until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayServer } from './gateway-server.ts'

let server: GatewayServer
let machine: FakeMachine
/** A scan of the machine that is over. */
let ended: MachineActionId
beforeAll(async () => {
  server = await GatewayServer.start()
})
beforeEach(async () => {
  machine = await server.machine()
  ended = await server.endedScan(machine)
})
afterAll(() => server[Symbol.asyncDispose]())

const accepted = { kind: 'accepted' } as const
const started = { kind: 'started', attempt: 1, engine: sampleEngine } as const

describe('an order that the server owes', () => {
  it('is given, signed, to a machine that connects', async () => {
    const actionId = await server.requestScan(machine, 'Full')
    await using agent = await FakeAgent.open(server.origin, machine)
    expect(await agent.nextOrder()).toEqual({
      verb: 'scan',
      machineId: machine.machineId,
      actionId,
      agentNonce: agent.agentNonce,
      counter: 1,
      scanType: 'Full',
      settings: DEFAULT_SCAN_SETTINGS,
      requestor: 'SOC automation',
      comment: 'due to alert 3212',
    } satisfies Order)
  })

  it('reaches a connected machine when it is woken, once, however often', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    const actionId = await server.requestScan(machine)
    for (let count = 0; count < 20; count += 1) server.wake(machine)
    expect(await agent.nextOrder()).toMatchObject({ verb: 'scan', actionId, counter: 1 })
    expect(await settled(agent)).toEqual([])
  })

  it('goes to its own machine only', async () => {
    const other = await server.machine('lab-08')
    await using agent = await FakeAgent.open(server.origin, other)
    await using bystander = await FakeAgent.open(server.origin, machine)
    await server.requestScan(other)
    server.wake(machine)
    server.wake(other)
    await agent.nextOrder()
    await bystander.heartbeat()
    expect(await settled(bystander)).toEqual([])
  })

  it('is found by the next heartbeat when nobody wakes the machine', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    const actionId = await server.requestScan(machine)
    await agent.heartbeat()
    expect(await agent.nextOrder()).toMatchObject({ actionId })
  })

  it('is not given before the machine has said what it has', async () => {
    const actionId = await server.requestScan(machine)
    await using agent = new FakeAgent(server.origin, machine)
    await agent.greet()
    server.wake(machine)
    expect(await settled(agent)).toEqual([])
    await agent.heartbeat([{ actionId, lastEvent: 1, ended: false }])
    expect(await agent.nextOrder()).toMatchObject({ actionId })
    expect(await settled(agent)).toEqual([])
  })

  it('is given again only after a heartbeat that cannot have crossed it', async () => {
    const actionId = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.origin, machine)
    expect(await agent.nextOrder()).toMatchObject({ actionId, counter: 1 })
    await agent.heartbeat()
    server.wake(machine)
    expect(await settled(agent)).toEqual([])
    await agent.heartbeat()
    expect(await agent.nextOrder()).toMatchObject({ actionId, counter: 2 })
  })

  it('is not given again while the machine lists it', async () => {
    const actionId = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.origin, machine)
    await agent.nextOrder()
    for (let count = 0; count < 4; count += 1) {
      await agent.heartbeat([{ actionId, lastEvent: 1, ended: false }])
    }
    expect(await settled(agent)).toEqual([])
  })

  it('is given anew on every connection until it is taken, with a counter of its own', async () => {
    const actionId = await server.requestScan(machine)
    const bootId = crypto.randomUUID()
    await using first = await FakeAgent.open(server.origin, machine, { bootId })
    expect(await first.nextOrder()).toMatchObject({ actionId, counter: 1 })
    await using second = await FakeAgent.open(server.origin, machine, { bootId })
    expect(await second.nextOrder()).toMatchObject({ actionId, counter: 1 })
    await second.tell(actionId, 1, accepted)
    await using third = await FakeAgent.open(server.origin, machine, { bootId })
    expect(await settled(third)).toEqual([])
  })

  it('reaches hundreds of machines that are woken at once', async () => {
    const machines = await Promise.all(
      Array.from({ length: 200 }, (_, index) => server.machine(`m-${index}`)),
    )
    const agents = await Promise.all(machines.map((own) => FakeAgent.open(server.origin, own)))
    const actions = await Promise.all(machines.map((own) => server.requestScan(own)))
    const machineIds = machines.map(({ machineId }) => machineId)
    server.bus.publish({ topic: 'wake', tenant: server.tenant, machineIds })
    const orders = await Promise.all(agents.map((agent) => agent.nextOrder()))
    expect(orders.map(({ actionId }) => actionId)).toEqual(actions)
    await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()))
  })
})

describe('a cancelled scan', () => {
  it('is stopped before the next one is ordered, and the proof stands on its record', async () => {
    const first = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.origin, machine)
    await agent.nextOrder()
    await agent.tell(first, 1, accepted)
    await agent.tell(first, 2, started)
    await server.cancel(first)
    const second = await server.requestScan(machine, 'Full')
    server.wake(machine)
    expect(await agent.nextOrder()).toMatchObject({ verb: 'stop', actionId: first })
    expect(await agent.nextOrder()).toMatchObject({ verb: 'scan', actionId: second })
    expect(await agent.heartbeat([{ actionId: first, lastEvent: 2, ended: false }])).toEqual([
      { actionId: first, ackedEvent: 2, verdict: 'stop' },
    ])
    await agent.tell(first, 3, { kind: 'stopped', proof: 'processGone', stoppedWithinMs: 740, report: null })
    expect(await server.statusOf(first)).toBe('Cancelled')
    expect((await server.of.scans.find(first))?.stop).toMatchObject({
      proof: 'processGone',
      stoppedWithinMs: 740,
      provenAt: expect.any(Number),
    })
    expect(await agent.heartbeat([{ actionId: second, lastEvent: 0, ended: false }])).toHaveLength(1)
    expect(await settled(agent)).toEqual([])
  })

  it('owes the stop on every connection until it is proven', async () => {
    const actionId = await server.requestScan(machine)
    await server.cancel(actionId)
    const bootId = crypto.randomUUID()
    for (let count = 0; count < 2; count += 1) {
      await using agent = await FakeAgent.open(server.origin, machine, { bootId })
      expect(await agent.nextOrder()).toMatchObject({ verb: 'stop', actionId })
    }
    await using last = await FakeAgent.open(server.origin, machine, { bootId })
    await last.nextOrder()
    await last.tell(actionId, 1, { kind: 'stopped', proof: 'neverStarted', stoppedWithinMs: 0, report: null })
    await last.heartbeat()
    expect(await settled(last)).toEqual([])
    expect((await server.of.scans.find(actionId))?.stop?.proof).toBe('neverStarted')
  })
})

describe('the newest connection of a machine', () => {
  it('takes over from an older one of the same start, and gets the orders', async () => {
    const bootId = crypto.randomUUID()
    await using older = await FakeAgent.open(server.origin, machine, { bootId })
    await using newer = await FakeAgent.open(server.origin, machine, { bootId })
    expect((await older.closed).code).toBe(CLOSE.superseded)
    const actionId = await server.requestScan(machine)
    server.wake(machine)
    expect(await newer.nextOrder()).toMatchObject({ actionId })
  })

  it('gets the orders after a restart, once the dead one gives no sign of life', async () => {
    await using before = await FakeAgent.open(server.origin, machine)
    before.goDead()
    const actionId = await server.requestScan(machine)
    await using after = await FakeAgent.open(server.origin, machine)
    expect(await settled(after)).toEqual([])
    server.clock.advance('3s')
    expect(await after.nextOrder()).toMatchObject({ actionId })
    expect((await server.of.machines.find(server.idOf(machine)))?.ordersHeldBecause).toBeNull()
  })
})

describe('two live connections of one key from different starts', () => {
  it('hold back every order, are flagged and audited, and stay so after both have gone', async () => {
    await using original = await FakeAgent.open(server.origin, machine)
    await using copy = await FakeAgent.open(server.origin, machine)
    const find = () => server.of.machines.find(server.idOf(machine))
    await until(async () => (await find())?.ordersHeldBecause ?? false, 'the orders are held')
    expect(await find()).toMatchObject({ isPotentialDuplication: true })
    expect(await server.auditOf('machine.holdOrders', machine.machineId)).toMatchObject([
      { newerBootId: copy.bootId, olderBootId: original.bootId },
    ])
    await server.requestScan(machine)
    server.wake(machine)
    server.clock.advance('10s')
    for (const agent of [original, copy]) {
      await agent.heartbeat()
      expect(await settled(agent)).toEqual([])
    }
    await original[Symbol.asyncDispose]()
    await copy.heartbeat()
    expect(await settled(copy)).toEqual([])
    await copy[Symbol.asyncDispose]()
    await using alone = await FakeAgent.open(server.origin, machine)
    expect(await settled(alone)).toEqual([])
  })

  it('are no copies when one of them holds a key that was replaced', async () => {
    await using old = await FakeAgent.open(server.origin, machine)
    const key = await server.replaceKey(machine)
    const actionId = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.origin, { ...machine, key })
    expect(await agent.nextOrder()).toMatchObject({ actionId })
    expect((await old.closed).code).toBe(CLOSE.notAuthenticated)
    server.clock.advance('10s')
    expect((await server.of.machines.find(server.idOf(machine)))?.ordersHeldBecause).toBeNull()
  })

  it('do not end a running scan by leaving it out', async () => {
    const actionId = await server.requestScan(machine)
    await using original = await FakeAgent.open(server.origin, machine)
    await original.nextOrder()
    await original.tell(actionId, 1, accepted)
    await original.heartbeat([{ actionId, lastEvent: 1, ended: false }])
    await using copy = await FakeAgent.open(server.origin, machine)
    for (let count = 0; count < 4; count += 1) expect(await copy.heartbeat()).toEqual([])
    expect(await server.statusOf(actionId)).toBe('InProgress')
  })
})

/**
 * What came unasked. The server deals with what a connection says in turn, so an acknowledgement (here of an event of
 * long ago) means that it has dealt with everything before.
 */
async function settled(agent: FakeAgent): Promise<ServerFrame[]> {
  for (let count = 0; count < 2; count += 1) await agent.tell(ended, 1, accepted)
  return agent.received
}
