import type {
  AgentEvent,
  FleetDetection,
  MachineActionId,
  MachineId,
  Problem,
  TenantId,
} from '@fleetsweep/protocol'
import {
  buildProgress,
  FakeAgent,
  type FakeMachine,
  sampleDetection,
  sampleEngine,
  sampleReport,
} from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type DetectionPage = { items: FleetDetection[]; nextCursor: string | null }

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** A machine that has taken a scan and told these events of it. */
async function scanTold(events: readonly AgentEvent[]): Promise<{ machine: FakeMachine; id: string }> {
  const machine = await server.enroll()
  const { id } = await server.requestScan(machine)
  await using agent = await FakeAgent.open(server.url, machine)
  await agent.nextOrder()
  for (const [index, event] of events.entries()) await agent.tell(id, index + 1, event)
  return { machine, id }
}

const started: AgentEvent[] = [{ kind: 'accepted' }, { kind: 'started', attempt: 1, engine: sampleEngine }]
const detected = (path: string): AgentEvent => ({
  kind: 'detection',
  attempt: 1,
  detection: sampleDetection(path),
})

describe('reading a scan', () => {
  it('shows report, detections and the one sentence about it once it has finished', async () => {
    const { id, machine } = await scanTold([
      ...started,
      detected('/tmp/eicar.com'),
      { kind: 'finished', report: sampleReport({ detections: 1 }) },
    ])
    const scan = await server.scan(id)
    expect(scan).toMatchObject({
      machineId: machine.machineId,
      status: 'Succeeded',
      attempts: 1,
      waitingFor: null,
      reportedLate: false,
      conclusion: { word: 'threatsFound' },
      detections: [{ actionId: id, computerDnsName: 'lab-01.example', path: { text: '/tmp/eicar.com' } }],
      stop: null,
    })
    const { troubleshootInfo } = await server.machineAction(id)
    expect(troubleshootInfo).toBe(
      `${scan.conclusion?.sentence}; see ${server.server.origins[0]}/console/actions/${id}`,
    )
  })

  it('concludes nothing from a scan that was cancelled, and shows the proof that it stopped', async () => {
    const machine = await server.enroll()
    const { id } = await server.requestScan(machine)
    await using agent = await FakeAgent.open(server.url, machine)
    await agent.nextOrder()
    await agent.tell(id, 1, { kind: 'accepted' })
    await server.call(`POST /api/machineactions/${id}/cancel`, { body: { Comment: 'enough' } })
    expect((await server.scan(id)).stop).toMatchObject({ provenAt: null, proof: null })
    await agent.tell(id, 2, {
      kind: 'stopped',
      proof: 'processGone',
      stoppedWithinMs: 40,
      report: sampleReport(),
    })
    expect(await server.scan(id)).toMatchObject({
      status: 'Cancelled',
      conclusion: null,
      stop: { provenAt: expect.any(String), proof: 'processGone', stoppedWithinMs: 40 },
    })
  })

  it('says since when a machine has been offline', async () => {
    const machine = await server.enroll('gone.example')
    const { id } = await server.requestScan(machine)
    expect((await server.scan(id)).waitingFor).toBeNull()
    server.clock.advance('10m')
    expect((await server.scan(id)).waitingFor).toMatch(
      /^The machine has been offline since 2026-\S+Z; it gets the scan when it connects\.$/,
    )
  })

  it('says why orders to a machine are held back', async () => {
    const machine = await server.enroll()
    const { id } = await server.requestScan(machine)
    await server.server.stores
      .forTenant(machine.tenant as TenantId)
      .machines.holdOrders(machine.machineId as MachineId, 'Two machines use its key.', {
        id: crypto.randomUUID(),
        principal: { kind: 'machine', id: machine.machineId, name: 'lab' },
        operation: 'machine.holdOrders',
        target: machine.machineId,
        detail: {},
      })
    expect((await server.scan(id)).waitingFor).toContain('held back: Two machines use its key.')
  })

  it('says that the engine of another scan is still stopping', async () => {
    const { machine, id: first } = await scanTold(started)
    await server.call(`POST /api/machineactions/${first}/cancel`)
    const { id } = await server.requestScan(machine)
    expect((await server.scan(id)).waitingFor).toBe(
      `The engine of another scan (${first}) is still stopping.`,
    )
  })

  it('says why the machine pauses it, in the words of the machine', async () => {
    const { machine, id } = await scanTold(started)
    const because = 'It waits for its time window, which opens Mon 2026-11-23 22:00 (UTC), by its clock.'
    await server.server.stores
      .forTenant(machine.tenant as TenantId)
      .scans.recordProgress(
        machine.machineId as MachineId,
        id as MachineActionId,
        buildProgress({ phase: 'paused', because }),
        { silenceMs: 60_000 },
      )
    expect((await server.scan(id)).waitingFor).toBe(because)
  })

  it.each(['no-id', crypto.randomUUID()])('answers 404 for %s, as a problem', async (id) => {
    const answer = await server.call(`GET /fleet/v1/scans/${id}`)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    const problem: Partial<Problem> = { status: 404, code: 'ResourceNotFound' }
    expect(await answer.json()).toMatchObject(problem)
  })
})

describe('listing detections', () => {
  it('gives the newest first, page by page, of one scan or one machine', async () => {
    const paths = ['/tmp/1', '/tmp/2', '/tmp/3']
    const { id, machine } = await scanTold([...started, ...paths.map(detected)])
    const read = async (query: string) =>
      (await (await server.call(`GET /fleet/v1/detections?${query}`)).json()) as DetectionPage
    const first = await read(`actionId=${id}&limit=2`)
    const second = await read(`actionId=${id}&limit=2&cursor=${first.nextCursor}`)
    const seen = [...first.items, ...second.items].map(({ path }) => path.text)
    expect(seen).toEqual(['/tmp/3', '/tmp/2', '/tmp/1'])
    expect(second.nextCursor).toBeNull()
    expect((await read(`machineId=${machine.machineId.toUpperCase()}`)).items).toHaveLength(3)
    expect((await read(`machineId=${'0'.repeat(40)}`)).items).toEqual([])
  })

  it.each(['limit=201', 'limit=0', 'cursor=!!', 'actionId=7', 'machineId=x'])(
    'refuses %s by its name',
    async (query) => {
      const answer = await server.call(`GET /fleet/v1/detections?${query}`)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({
        code: 'InvalidInput',
        detail: expect.stringContaining(query.split('=')[0] ?? ''),
      })
    },
  )
})

describe('setting the limits of an application', () => {
  const path = () => `/fleet/v1/applications/${server.made.application.id}/limits`

  it('holds from the next second on', async () => {
    const limits = { perMinute: 5_000, perHour: null }
    const answer = await server.call(`PUT ${path()}`, { body: limits })
    expect(await answer.json()).toEqual(limits)
    server.clock.advance('2s')
    const statuses = await Promise.all(
      Array.from({ length: 150 }, async () => (await server.call('GET /fleet/v1/detections?limit=1')).status),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  it('answers 404 for an application that does not exist', async () => {
    const body = { perMinute: 1, perHour: 1 }
    const answer = await server.call(`PUT /fleet/v1/applications/${crypto.randomUUID()}/limits`, { body })
    expect(answer.status).toBe(404)
  })
})
