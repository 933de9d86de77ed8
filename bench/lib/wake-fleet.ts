// A fleet of agents and one caller of the API in one process, so that one clock measures both ends; and as many bare
// WebSockets to a server that does nothing but answer.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { FakeAgent } from '../../packages/testkit/src/fake-agent.ts'
import { SigningKey } from '../../packages/testkit/src/signing-key.ts'
import { HttpLane } from './http-lane.ts'

export type FleetTask =
  | { kind: 'makeKeys'; count: number }
  | { kind: 'connect'; url: string; bareUrl: string; token: string; tenant: string; machineIds: string[] }
  | { kind: 'wake'; from: number; count: number; paceMs: number }
  | { kind: 'bare'; from: number; count: number; paceMs: number }

const CONNECT_AT_ONCE = 8

const keys: SigningKey[] = []
const agents: FakeAgent[] = []
const bare: WebSocket[] = []
let caller: { lane: HttpLane; token: string } | undefined

process.on('message', async (task: FleetTask) => {
  process.send?.(await carryOut(task))
})

async function carryOut(task: FleetTask): Promise<string[] | number[]> {
  switch (task.kind) {
    case 'makeKeys':
      for (let n = 0; n < task.count; n += 1) keys.push(new SigningKey())
      return keys.map(({ publicKey }) => publicKey)
    case 'connect':
      await connect(task)
      return []
    case 'wake':
      return inTurn(task, wake)
    case 'bare':
      return inTurn(task, bareMessage)
  }
}

async function connect({ url, bareUrl, token, tenant, machineIds }: Extract<FleetTask, { kind: 'connect' }>) {
  caller = { lane: await HttpLane.open(new URL(url)), token }
  const waiting = machineIds.entries()
  const lane = async () => {
    for (const [n, machineId] of waiting) {
      const key = keys[n]
      if (key === undefined) throw new Error('There are fewer keys than machines.')
      agents[n] = await connectAgent(url, { tenant, machineId, key })
      const socket = new WebSocket(bareUrl, { perMessageDeflate: false })
      await once(socket, 'open')
      bare.push(socket)
    }
  }
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, lane))
  for (const agent of agents) keepAlive(agent)
}

/** The server takes so many connections a second; who comes too early comes again. */
async function connectAgent(
  url: string,
  machine: ConstructorParameters<typeof FakeAgent>[1],
): Promise<FakeAgent> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await FakeAgent.open(url, machine)
    } catch {
      await delay(100 + Math.random() * 400)
    }
  }
  throw new Error('An agent cannot connect.')
}

function keepAlive(agent: FakeAgent): void {
  setInterval(() => agent.send({ type: 'heartbeat', openActions: [] }), 50_000 + Math.random() * 10_000)
}

/** One after the other, so that none waits for another. */
async function inTurn(
  { from, count, paceMs }: { from: number; count: number; paceMs: number },
  measure: (n: number) => Promise<number>,
): Promise<number[]> {
  const latenciesMs: number[] = []
  for (let n = from; n < from + count; n += 1) {
    latenciesMs.push(await measure(n))
    await delay(paceMs)
  }
  return latenciesMs
}

/** From the 201 in the caller's hands to an order that the agent has checked: signature, address, counter. */
async function wake(n: number): Promise<number> {
  const agent = agents[n]
  if (agent === undefined || caller === undefined) throw new Error(`There is no agent ${n}.`)
  const ordered = agent.nextOrder().then(() => performance.now())
  const body = JSON.stringify({ Comment: 'Check machine', ScanType: 'Quick' })
  const path = `/api/machines/${agent.machine.machineId}/runAntiVirusScan`
  const answer = await caller.lane.post(path, caller.token, body)
  const answered = performance.now()
  if (answer.status !== 201) throw new Error(`A create was answered with ${answer.status} ${answer.body}`)
  return (await ordered) - answered
}

/** From a server's sending of a message to its being here. */
async function bareMessage(n: number): Promise<number> {
  const socket = bare[n % bare.length]
  if (socket === undefined) throw new Error('There is no bare socket.')
  const answered = once(socket, 'message')
  socket.send('{"type":"order"}')
  const [sentAt] = await answered
  return Number(process.hrtime.bigint() - BigInt(String(sentAt))) / 1_000_000
}
