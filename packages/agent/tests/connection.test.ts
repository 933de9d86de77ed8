import { CLOSE } from '@fleetsweep/protocol'
import { FakeGateway, FakeScanRunner, MovableClock, sampleDetection, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readIdentity } from '../src/enrollment/identity-file.ts'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway
let agent: TestAgent
let scans: FakeScanRunner
let clock: MovableClock

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 60_000 })
  scans = new FakeScanRunner()
  clock = new MovableClock()
  agent = new TestAgent({ scans, clock, random: () => 0.5 })
  await agent.enroll(gateway)
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

async function connect(): Promise<void> {
  agent.start()
  await gateway.connected()
  await until(() => logged('connected'), 'the agent saw that it is connected')
}

function logged(message: string): Record<string, unknown> | undefined {
  return agent.log.findLast((line) => line.msg === message)
}

/** Waits until the agent has noticed that it lost its server, and says how long it waits before the next try. */
async function pauseAfter(connections: number): Promise<number> {
  await until(
    () =>
      agent.log.filter(({ msg }) => msg.includes('not connected') || msg.includes('not accept')).length >=
      connections,
    'the agent noticed the end of the connection',
  )
  return Number(agent.log.findLast((line) => line.retryInMs !== undefined)?.retryInMs)
}

describe('a connection that breaks', () => {
  it('is made again, and what happened meanwhile is told', async () => {
    scans.options.holds = true
    await connect()
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    gateway.drop()
    const pause = await pauseAfter(1)
    scans.release()
    await until(() => scans.runs[0]?.state === 'ended', 'the scan ended')
    expect(action.events.size).toBe(2)
    clock.advance(pause)
    await gateway.event(action, 'finished')
    expect(scans.runs).toHaveLength(1)
  })

  it('is tried again after longer and longer pauses, a minute at most, and at once after a good one', async () => {
    await connect()
    const pauses: number[] = []
    const close = gateway.closeWith.bind(gateway)
    gateway.isSilent = true
    for (let failures = 1; failures <= 8; failures++) {
      close(CLOSE.goingAway)
      pauses.push(await pauseAfter(failures))
      const connections = gateway.connectionCount
      gateway.isSilent = failures < 8
      clock.advance(pauses.at(-1) ?? 0)
      await until(() => gateway.connectionCount > connections && gateway.connection, 'the agent came back')
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    const connected = () => agent.log.filter(({ msg }) => msg === 'connected').length
    await until(() => connected() === 2, 'the connection was whole again')
    close(CLOSE.goingAway)
    expect(await pauseAfter(9)).toBe(500)
  })

  it('loses no event: what was not kept is sent again', async () => {
    scans.options.detections = Array.from({ length: 40 }, (_, n) => sampleDetection(`/tmp/${n}`))
    await connect()
    gateway.loseEvents = 5
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    expect(action.events.size).toBe(38)
    clock.advance('60s')
    await until(() => action.events.size === 43, 'every event was kept')
    expect(gateway.kinds(action).at(0)).toBe('accepted')
  })

  it('repeats nothing that was kept when only the acknowledgements were lost', async () => {
    await connect()
    gateway.loseAcks = 3
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    const eventFrames = () => gateway.frames.filter((frame) => frame.type === 'event')
    await until(() => eventFrames().length === 3, 'all was told')
    const heartbeats = () => gateway.frames.filter((frame) => frame.type === 'heartbeat')
    clock.advance('66s')
    await until(() => heartbeats().length >= 2, 'the agent said what it has')
    expect(heartbeats().at(-1)?.openActions).toEqual([
      { actionId: action.actionId, lastEvent: 3, ended: true },
    ])
    const isTold = async () => {
      await agent.command('status', '--json')
      return JSON.parse(agent.stdout).recentScans[0]?.told === true
    }
    await until(isTold, 'the agent knows that the server has it all')
    clock.advance('66s')
    await until(() => heartbeats().length === 3, 'the agent said again what it has')
    expect(heartbeats().at(-1)?.openActions).toEqual([])
    expect(eventFrames()).toHaveLength(3)
  })

  it('keeps at most 32 events on their way', async () => {
    scans.options.detections = Array.from({ length: 100 }, (_, n) => sampleDetection(`/tmp/${n}`))
    await connect()
    gateway.holdAcks()
    const action = gateway.orderScan()
    await until(() => scans.runs[0]?.state === 'ended', 'the scan ended')
    await until(() => action.events.size >= 32, 'the window was filled')
    clock.advance('66s')
    await until(
      () => gateway.frames.filter((frame) => frame.type === 'heartbeat').length === 2,
      'a heartbeat came',
    )
    expect(action.events.size).toBeLessThanOrEqual(64)
    gateway.releaseAcks()
    await gateway.event(action, 'finished')
    expect(action.events.size).toBe(103)
  })

  it('is given up when the server answers no heartbeat', async () => {
    await connect()
    gateway.isSilent = true
    clock.advance('60s')
    await until(
      () => gateway.frames.filter((frame) => frame.type === 'heartbeat').length === 2,
      'a heartbeat came',
    )
    clock.advance('20s')
    await pauseAfter(1)
    expect(logged('not connected')?.reason).toBe('the server answers no heartbeat')
  })

  it('is given up when the handshake does not come to an end', async () => {
    gateway.isMute = true
    agent.start()
    await until(() => gateway.connectionCount === 1, 'the agent reached the server')
    clock.advance('30s')
    await pauseAfter(1)
    expect(logged('not connected')?.reason).toBe('the server did not finish the handshake in time')
  })
})

describe('an action that the server does not know', () => {
  it('is stopped and dropped', async () => {
    scans.options.holds = true
    await connect()
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    action.state = 'unknown'
    clock.advance('66s')
    await until(() => scans.runs[0]?.state === 'ended', 'the scan was stopped')
    clock.advance('66s')
    const last = () => gateway.frames.findLast((frame) => frame.type === 'heartbeat')
    await until(() => last()?.openActions.length === 0, 'the action is not open any more')
  })

  it('does not run when it is ordered again after all', async () => {
    await connect()
    gateway.holdAcks()
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    action.state = 'unknown'
    clock.advance('66s')
    await until(() => logged('the server does not know this action; it is dropped'), 'the action was dropped')
    action.state = 'ordered'
    action.events.clear()
    gateway.releaseAcks()
    gateway.repeatOrder(action)
    expect((await gateway.event(action, 'failed')).reason).toContain('has done with this action before')
    expect(scans.runs).toHaveLength(1)
  })
})

describe('a server that refuses', () => {
  it('because it does not know the machine is asked again after minutes only, and status says what to do', async () => {
    gateway.refusesMachines = true
    agent.start()
    expect(await pauseAfter(1)).toBe(450_000)
    clock.advance('1s')
    await agent.command('status')
    expect(agent.stdout).toContain('not accepted by the server; enroll this machine again')
    gateway.refusesMachines = false
    clock.advance('449s')
    await gateway.connected()
  })

  it('because another connection of the machine took over is left alone for half a minute', async () => {
    await connect()
    gateway.closeWith(CLOSE.superseded)
    expect(await pauseAfter(1)).toBe(45_000)
  })
})

describe('the keys that sign orders', () => {
  it('are followed to a newer one, which is on disk before it is trusted', async () => {
    await connect()
    gateway.rotateOrderKey()
    gateway.rotateOrderKey()
    gateway.closeWith(CLOSE.goingAway)
    clock.advance(await pauseAfter(1))
    await gateway.connected()
    await gateway.event(gateway.orderScan(), 'finished')
    const stored = await readIdentity(agent.stateDir, agent.host)
    expect(stored).toMatchObject({ kind: 'enrolled', identity: { orderKeys: gateway.orderKeys } })
    expect(gateway.orderKeys).toHaveLength(3)
  })

  it('are not followed to one that no trusted key announced', async () => {
    await connect()
    gateway.forgeOrderKeys()
    gateway.closeWith(CLOSE.goingAway)
    clock.advance(await pauseAfter(1))
    await pauseAfter(2)
    expect(logged('not connected')?.reason).toContain('do not descend from the one that this machine trusts')
  })
})

describe('a frame that is none', () => {
  it.each([
    ['no JSON', 'hello?'],
    ['an unknown type', '{"type":"exec","command":"id"}'],
    ['a second welcome', '{"type":"welcome","heartbeatMs":100,"orderKeys":[]}'],
    [
      'a second challenge',
      `{"type":"challenge","nonce":"${'n'.repeat(32)}","serverId":"${crypto.randomUUID()}"}`,
    ],
    ['too large', `{"type":"ack","filler":"${'x'.repeat(300_000)}"}`],
  ])('ends the connection: %s', async (_, text) => {
    await connect()
    gateway.sendText(text)
    await pauseAfter(1)
  })
})

it('says nothing to a server that it is not enrolled with', async () => {
  gateway.serverId = crypto.randomUUID()
  agent.start()
  await pauseAfter(1)
  expect(logged('not connected')?.reason).toContain('not the server that this machine is enrolled with')
  expect(gateway.frames).toEqual([])
})
