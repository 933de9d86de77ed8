import { once } from 'node:events'
import { AGENT_SUBPROTOCOL, CHANNEL_PATH, CLOSE, MAX_FRAME_BYTES } from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, SigningKey, until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { GatewayServer } from './gateway-server.ts'

let server: GatewayServer
let machine: FakeMachine
beforeAll(async () => {
  server = await GatewayServer.start()
})
beforeEach(async () => {
  machine = await server.machine()
})
afterAll(() => server[Symbol.asyncDispose]())

const otherId = 'ab'.repeat(20)

describe('an agent that connects', () => {
  it('is welcomed with the key chain when it proves to hold its key', async () => {
    await using agent = new FakeAgent(server.origin, machine)
    const welcome = await agent.greet()
    expect(welcome).toMatchObject({ heartbeatMs: 60_000, orderKeys: server.orderKeys.chain })
    expect(server.gateway.isConnected(server.tenant, server.idOf(machine))).toBe(true)
  })

  it('is known as gone when its connection ends', async () => {
    const agent = await FakeAgent.open(server.origin, machine)
    await agent[Symbol.asyncDispose]()
    await until(() => !server.gateway.isConnected(server.tenant, server.idOf(machine)), 'the agent left')
  })

  it.each<[string, (agent: FakeAgent) => Promise<object> | object]>([
    ['with a signature by another key', async (agent) => sign(agent, { key: new SigningKey() })],
    ['for another server', async (agent) => sign(agent, { serverId: crypto.randomUUID() })],
    ['for another nonce', async (agent) => sign(agent, { nonce: 'n'.repeat(43) })],
    ['in the name of a machine that does not exist', () => ({ machineId: otherId })],
    ['in a tenant that does not exist', () => ({ tenant: crypto.randomUUID() })],
    ['with another boot id than it signed', () => ({ bootId: 'another' })],
    ['with a nonce of its own that it did not sign', () => ({ agentNonce: 'x'.repeat(32) })],
    ['with half a signature', () => ({ signature: 'AAAA' })],
  ])('is sent away to enroll when it says hello %s', async (_, change) => {
    await using agent = new FakeAgent(server.origin, machine)
    const hello = agent.hello(await agent.next('challenge'))
    agent.send({ ...hello, ...(await change(agent)) })
    expect((await agent.closed).code).toBe(CLOSE.notAuthenticated)
    expect(server.gateway.isConnected(server.tenant, server.idOf(machine))).toBe(false)
  })

  it('is sent away when it repeats the hello of an earlier connection', async () => {
    await using first = new FakeAgent(server.origin, machine)
    const hello = first.hello(await first.next('challenge'))
    first.send(hello)
    await first.next('welcome')
    await using thief = new FakeAgent(server.origin, machine)
    await thief.next('challenge')
    thief.send(hello)
    expect((await thief.closed).code).toBe(CLOSE.notAuthenticated)
  })

  it('is sent away when it says hello as another machine of its tenant', async () => {
    const other = await server.machine('lab-08')
    await using agent = new FakeAgent(server.origin, { ...machine, machineId: other.machineId })
    agent.send(agent.hello(await agent.next('challenge')))
    expect((await agent.closed).code).toBe(CLOSE.notAuthenticated)
  })

  it('is closed when it does not say hello in time', async () => {
    await using agent = new FakeAgent(server.origin, machine)
    await agent.next('challenge')
    server.clock.advance('11s')
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })
})

describe('what is no proper frame', () => {
  it.each<[string, string]>([
    ['no JSON', 'hello'],
    ['an unknown type', '{"type":"run","command":"id"}'],
    ['a member missing', '{"type":"heartbeat"}'],
    ['a member of another type', '{"type":"heartbeat","openActions":"all"}'],
    ['a server frame', '{"type":"challenge","nonce":"aaaaaaaaaaaaaaaaaaaa","serverId":"x"}'],
    ['a NUL in a text', JSON.stringify(event('a\0b'))],
    ['half a surrogate pair in a text', JSON.stringify(event('\ud800'))],
    ['a number that no database holds', JSON.stringify({ ...event('x'), number: 1e300 })],
    ['an array', '[]'],
    ['a second hello', 'HELLO'],
  ])('closes the connection: %s', async (_, text) => {
    await using agent = await FakeAgent.open(server.origin, machine)
    const hello = agent.hello({ nonce: 'n'.repeat(43), serverId: server.serverId })
    agent.sendText(text === 'HELLO' ? JSON.stringify(hello) : text)
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })

  it('closes the connection: bytes', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    agent.socket.send(Buffer.from('{}'), { binary: true })
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })

  it('closes the connection: longer than a frame may be', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    agent.sendText(' '.repeat(MAX_FRAME_BYTES + 1))
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })

  it('closes the connection: anything but hello before the welcome', async () => {
    await using agent = new FakeAgent(server.origin, machine)
    await agent.next('challenge')
    agent.send({ type: 'heartbeat', openActions: [] })
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })

  it('closes the connection: frames between hello and welcome', async () => {
    await using agent = new FakeAgent(server.origin, machine)
    agent.send(agent.hello(await agent.next('challenge')))
    agent.send({ type: 'heartbeat', openActions: [] })
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })
})

describe('too much at once', () => {
  it.each<[string, (agent: FakeAgent) => void]>([
    ['progress', (agent) => agent.send({ type: 'progress', actionId: crypto.randomUUID(), progress })],
    ['heartbeats', (agent) => agent.send({ type: 'heartbeat', openActions: [] })],
    ['events of actions that do not exist', (agent) => agent.send(event('x'))],
  ])('closes the connection: a flood of %s', async (_, flood) => {
    await using agent = await FakeAgent.open(server.origin, machine)
    for (let count = 0; count < 400; count += 1) flood(agent)
    expect((await agent.closed).code).toBe(CLOSE.badFrame)
  })

  it('ends the connection: a flood of pings', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    for (let count = 0; count < 400; count += 1) agent.socket.ping()
    expect((await agent.closed).code).toBe(1006)
  })

  it('keeps nobody else waiting', async () => {
    await using flooding = await FakeAgent.open(server.origin, machine)
    await using other = await FakeAgent.open(server.origin, await server.machine('lab-08'))
    for (let count = 0; count < 400; count += 1) flooding.send({ type: 'heartbeat', openActions: [] })
    expect(await other.heartbeat()).toEqual([])
  })

  it('answers 503 to more connections than it takes at once, and lets them in later', async () => {
    await using narrow = await GatewayServer.start({ accept: { burst: 5, perSecond: 1 } })
    const own = await narrow.machine()
    const agents = Array.from({ length: 5 }, () => new FakeAgent(narrow.origin, own))
    await Promise.all(agents.map((agent) => agent.next('challenge')))
    expect(await statusOf(CHANNEL_PATH, { origin: narrow.origin })).toBe(503)
    narrow.clock.advance('2s')
    await using late = new FakeAgent(narrow.origin, own)
    await late.next('challenge')
  })
})

describe('an upgrade that is none of ours', () => {
  it('is answered 404 at another path', async () => {
    expect(await statusOf('/elsewhere')).toBe(404)
  })

  it('is answered 400 without our subprotocol', async () => {
    expect(await statusOf(CHANNEL_PATH, { protocols: ['fleetsweep.agent.v2'] })).toBe(400)
    expect(await statusOf(CHANNEL_PATH, { protocols: [] })).toBe(400)
  })
})

describe('a server that drains', () => {
  it('acknowledges what arrived, says goodbye to all, writes what it knows and lets nobody in', async () => {
    await using own = await GatewayServer.start()
    const [busy, idle] = [await own.machine('lab-07'), await own.machine('lab-08')]
    const id = await own.requestScan(busy)
    await using agent = await FakeAgent.open(own.origin, busy)
    await agent.nextOrder()
    own.clock.advance('5s')
    await using silent = await FakeAgent.open(own.origin, idle)
    agent.send({ type: 'event', actionId: id, number: 1, event: { kind: 'accepted' } })
    await until(async () => (await own.statusOf(id)) === 'InProgress', 'the event arrived')
    await own.gateway.drain()
    expect(await agent.next('ack')).toMatchObject({ actionId: id, number: 1 })
    expect((await agent.closed).code).toBe(CLOSE.goingAway)
    expect((await silent.closed).code).toBe(CLOSE.goingAway)
    expect((await own.of.machines.find(own.idOf(idle)))?.lastSeen).toBe(own.clock.now())
    expect(await statusOf(CHANNEL_PATH, { origin: own.origin })).toBe(503)
  })
})

describe('the time a machine was last seen', () => {
  it('is written every 15 seconds, not with every heartbeat', async () => {
    await using own = await GatewayServer.start()
    const seen = await own.machine()
    await using agent = await FakeAgent.open(own.origin, seen)
    const find = async () => (await own.of.machines.find(own.idOf(seen)))?.lastSeen
    const enrolled = await find()
    own.clock.advance('10s')
    const heardAt = own.clock.now()
    await agent.heartbeat()
    expect(await find()).toBe(enrolled)
    own.clock.advance('5s')
    await until(async () => (await find()) === heardAt, 'the batch was written')
  })

  it('ends with a connection that has been silent for three heartbeats', async () => {
    await using agent = await FakeAgent.open(server.origin, machine)
    server.clock.advance('4m')
    expect((await agent.closed).code).toBe(1006)
  })
})

const progress = {
  phase: 'scanning' as const,
  attempt: 1,
  filesTotal: 10,
  filesDone: 1,
  bytesTotal: 10,
  bytesDone: 1,
  percent: 10,
  detections: 0,
  etaMs: null,
}

function event(reason: string) {
  const actionId = '00000000-0000-4000-8000-000000000000'
  return { type: 'event', actionId, number: 1, event: { kind: 'failed', reason, report: null } } as const
}

/** A hello signed with something else than it should be. */
async function sign(
  agent: FakeAgent,
  wrong: { key?: SigningKey; serverId?: string; nonce?: string },
): Promise<{ signature: string }> {
  const { key, ...challenge } = {
    key: agent.machine.key,
    nonce: agent.nonce,
    serverId: server.serverId,
    ...wrong,
  }
  const fields = [challenge.nonce, challenge.serverId, agent.agentNonce, machine.machineId, agent.bootId]
  return { signature: key.sign('fleetsweep.agent.v1/connect', fields) }
}

async function statusOf(
  path: string,
  { protocols = [AGENT_SUBPROTOCOL], origin = server.origin } = {},
): Promise<number> {
  const socket = new WebSocket(new URL(path, origin.replace('http', 'ws')), protocols)
  // The refusal is the answer that we look for.
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  response.resume()
  socket.terminate()
  return response.statusCode
}
