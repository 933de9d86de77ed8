// https://learn.microsoft.com/en-us/defender-endpoint/api/machineaction
import type { AgentEvent, MachineActionId, MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { accepted, finished, started } from '../stores/builders.ts'
import { ClientWorld, type List } from './clients.ts'

type Action = Record<string, unknown> & { id: MachineActionId; status: string }

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('clients and their machine actions on %s', (_, openDatabase) => {
  let world: ClientWorld
  let machines = 0

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const newMachine = () => world.api.machine(++machines)
  const newScan = async (machine: string) => (await world.scan(machine)).json<Action>()
  const tell = (machineId: MachineId, actionId: MachineActionId, number: number, event: AgentEvent) =>
    world.api.of.scans.takeEvent({
      machineId,
      actionId,
      number,
      event,
      reportUrl: 'https://fleet.example',
      silenceMs: 3_600_000,
    })
  const show = async (id: string) =>
    (await world.call('connector', `GET /api/machineactions/${id}`)).json<Action>()

  it('A.1 a conflict is 400 in exactly these bytes', async () => {
    const machine = await newMachine()
    await world.scan(machine, 'Full')
    const body = '{"Comment": "From TheHive", "ScanType": "Quick"}'
    const answer = await world.call('responder', `POST /api/machines/${machine}/runAntiVirusScan`, body, [
      'Content-Type: application/json',
    ])
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(
      /^\{"error":\{"code":"ActiveRequestAlreadyExists","message":"Action is already in progress","target":"[^"]+"\}\}$/,
    )
  })

  it('A.2 a new scan is 201', async () => {
    const answer = await world.scan(await newMachine())
    expect(answer.status).toBe(201)
    expect(answer.json()).toMatchObject({ type: 'RunAntiVirusScan', status: 'Pending' })
  })

  it('A.14 cancelling answers at once with Cancelled', async () => {
    const waiting = await newScan(await newMachine())
    const machine = await newMachine()
    const running = await newScan(machine)
    await tell(machine, running.id, 1, accepted)
    for (const { id } of [waiting, running]) {
      const body = '{"Comment": "Cancelled by the playbook"}'
      const answer = await world.call('connector', `POST /api/machineactions/${id}/cancel`, body)
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({ id, status: 'Cancelled' })
      expect((await show(id)).status).toBe('Cancelled')
    }
  })

  it('A.15 status words and types are what clients compare with', async () => {
    const machine = await newMachine()
    const { id } = await newScan(machine)
    expect(await show(id)).toMatchObject({
      status: 'Pending',
      errorHResult: 0,
      commands: [],
      relatedFileInfo: null,
    })
    await tell(machine, id, 1, accepted)
    expect((await show(id)).status).toBe('InProgress')
    await tell(machine, id, 2, started())
    await tell(machine, id, 3, finished)
    expect((await show(id)).status).toBe('Succeeded')

    const broken = await newMachine()
    const failed = await newScan(broken)
    await tell(broken, failed.id, 1, accepted)
    await tell(broken, failed.id, 2, { kind: 'failed', reason: 'There is no engine.', report: null })
    const shown = await show(failed.id)
    expect(shown.status).toBe('Failed')
    expect(shown.errorHResult).toEqual(expect.any(Number))
    expect(Number.isInteger(shown.errorHResult)).toBe(true)

    const waiting = await newScan(await newMachine())
    await world.pass('73h')
    await world.api.stores.timeouts.expire(world.api.clock.now(), 10)
    expect(await show(waiting.id)).toMatchObject({ status: 'TimeOut', errorHResult: -2145844840 })

    const list = (await world.call('poller', 'GET /api/machines?$top=1')).json<List>()
    expect(list.value[0]?.ipAddresses).toEqual(expect.any(Array))
  })

  it('A.19 the answer to a scan has its id, and body names are case-sensitive', async () => {
    const machine = await newMachine()
    const path = `POST /api/machines/${machine}/runAntiVirusScan`
    for (const [body, name] of [
      ['{"comment": "c", "ScanType": "Quick"}', 'Comment'],
      ['{"Comment": "c", "scanType": "Quick"}', 'ScanType'],
    ] as const) {
      const refused = await world.call('connector', path, body)
      expect(refused.status).toBe(400)
      const { error } = refused.json<{ error: { code: string; message: string } }>()
      expect(error.code).toBe('MissingRequiredParameter')
      expect(error.message).toContain(name)
    }
    const answer = await world.call('connector', path, '{"Comment": "c", "ScanType": "Quick"}')
    expect(answer.json().id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })
})
