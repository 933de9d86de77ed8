import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { FleetEvent, MachineActionId, Permission, ScanProgress } from '@fleetsweep/protocol'
import { FakeAgent, until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createLocalApplication } from '../src/init/index.ts'

const progress: ScanProgress = {
  phase: 'scanning',
  attempt: 1,
  filesTotal: 10,
  filesDone: 4,
  bytesTotal: 1_000,
  bytesDone: 400,
  percent: 40,
  detections: 0,
  etaMs: null,
}

/** One of its own, for a test that moves its clock or stops it. */
async function startServer(): Promise<TestServer> {
  const server = await TestServer.start()
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** A token of a new application that may do just this. */
async function tokenFor(server: TestServer, permissions: readonly Permission[]): Promise<string> {
  const made = await createLocalApplication(
    server.server.stores,
    server.made.tenant.id,
    { displayName: 'Watcher', permissions },
    { clock: server.clock, newId: randomUUID, randomBytes },
  )
  return server.token(made)
}

/** A reader of the stream: its events so far, and whether it has ended. */
async function watch(server: TestServer, token: string) {
  const sent = get(`${server.url}/fleet/v1/events`, {
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  })
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  onTestFinished(() => void sent.destroy())
  const seen = { text: '', ended: false, response }
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    seen.text += chunk
  })
  response.on('close', () => {
    seen.ended = true
  })
  response.on('error', () => {})
  return {
    seen,
    events: () =>
      [...seen.text.matchAll(/^event: (.+)\ndata: (.+)\n\n/gm)].map(
        ([, name, data]) => ({ name, ...JSON.parse(data ?? '') }) as FleetEvent & { name: string },
      ),
  }
}

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

describe('watching live events', () => {
  it('tells of a scan from its request to its end, and of its progress', async () => {
    const { seen, events } = await watch(server, await server.token())
    expect(seen.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    const machine = await server.enroll()
    const { id } = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.url, machine)
    await agent.nextOrder()
    await agent.tell(id, 1, { kind: 'accepted' })
    agent.send({ type: 'progress', actionId: id, progress })
    await until(() => events().some(({ type }) => type === 'scanProgress'), 'progress was told')
    await server.call(`POST /api/machineactions/${id}/cancel`)
    const told = await until(() => {
      const now = events()
      return JSON.stringify(now).includes('"Cancelled"') && now
    }, 'the cancellation was told')
    const statuses = told.flatMap((event) =>
      event.type === 'machineAction' ? [event.machineAction.status] : [],
    )
    expect(statuses.filter((status, index) => status !== statuses[index - 1])).toEqual([
      'Pending',
      'InProgress',
      'Cancelled',
    ])
    expect(told.find(({ type }) => type === 'scanProgress')).toEqual({
      name: 'scanProgress',
      type: 'scanProgress',
      actionId: id,
      progress,
    })
  })

  it('tells nobody what the same principal could not read', async () => {
    const reader = await watch(server, await tokenFor(server, ['Machine.Read.All']))
    const scans = await watch(server, await tokenFor(server, ['Scan.Read.All']))
    const machine = await server.enroll()
    const { id } = await server.requestScan(machine)
    await until(() => reader.events().length > 0, 'the action was told')
    server.server.bus.publish({
      topic: 'scanProgress',
      tenant: server.made.tenant.id,
      machineId: machine.machineId,
      actionId: id,
      progress,
    })
    await until(() => scans.events().length > 0, 'the progress was told')
    expect(new Set(reader.events().map(({ type }) => type))).toEqual(new Set(['machineAction']))
    expect(new Set(scans.events().map(({ type }) => type))).toEqual(new Set(['scanProgress']))
  })

  it('is refused without a permission to read', async () => {
    const token = await tokenFor(server, ['Machine.Scan'])
    expect((await server.call('GET /fleet/v1/events', { token })).status).toBe(403)
    expect((await server.call('GET /fleet/v1/events', { token: null })).status).toBe(401)
  })

  it('is refused to whoever watches too often already, until a watch ends', async () => {
    const token = await tokenFor(server, ['Scan.Read.All'])
    const watches = await Promise.all(Array.from({ length: 50 }, () => watch(server, token)))
    const refused = await server.call('GET /fleet/v1/events', { token })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    watches[0]?.seen.response.destroy()
    await until(async () => {
      const { seen } = await watch(server, token)
      return seen.response.statusCode === 200
    }, 'another one may watch')
  })

  it('shows that it lives, and ends when the token of its reader does', async () => {
    const server = await startServer()
    const { seen } = await watch(server, await server.token())
    server.clock.advance('21s')
    await until(() => seen.text.includes(': still here'), 'a sign of life came')
    server.clock.advance('1h')
    await until(() => {
      server.clock.advance('21s')
      return seen.ended
    }, 'the stream ended with its token')
  })

  it('ends when the server stops, which it does not hold up', async () => {
    const server = await startServer()
    const { seen } = await watch(server, await server.token())
    await server.restart()
    await until(() => seen.ended, 'the stream ended')
  })

  it('tells of no other tenant', async () => {
    const { events } = await watch(server, await server.token())
    const publish = (tenant: string, actionId: string) =>
      server.server.bus.publish({
        topic: 'scanProgress',
        tenant,
        machineId: '0'.repeat(40),
        actionId,
        progress,
      })
    publish(randomUUID(), 'theirs')
    publish(server.made.tenant.id, 'ours')
    await until(() => events().length > 0, 'our own was told')
    expect(events()).toMatchObject([{ actionId: 'ours' as MachineActionId }])
  })
})
