// https://learn.microsoft.com/en-us/defender-endpoint/api/machine
import type { MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { DatabaseRows } from '../database-rows.ts'
import { ClientWorld, type List } from './clients.ts'

const ENTRA_DEVICE = '6f2c1c0e-1d1b-4c50-9d6e-0b6a3f1f9a10'
const UNKNOWN = '1e5bc9d7e413ddd7902c2932e418702b84d0cc07'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('clients and how they name machines on %s', (_, openDatabase) => {
  let world: ClientWorld
  let web: MachineId
  let laptop: MachineId

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
    const ethernet = { macAddress: '02FC00000001', type: 'Ethernet', operationalStatus: 'Up' }
    web = await world.api.machine(
      1,
      { computerDnsName: 'web-01.contoso.example', ipAddresses: [{ ipAddress: '192.0.2.17', ...ethernet }] },
      ['web', 'crown jewels'],
    )
    laptop = await world.api.machine(2, { computerDnsName: 'laptop-7.contoso.example' }, ['webcam'])
    await using rows = await DatabaseRows.open(world.api.database)
    await rows.query(`UPDATE machine SET aad_device_id = '${ENTRA_DEVICE}' WHERE id = '${laptop}'`)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const get = (path: string) => world.call('connector', `GET ${path}`)
  const idsOf = (list: List) => list.value.map(({ id }) => id)
  const listed = async (path: string) => {
    const answer = await get(path)
    expect({ path, status: answer.status, text: answer.text }).toMatchObject({ path, status: 200 })
    return idsOf(answer.json<List>())
  }

  it('A.8 the arguments of findbyip arrive raw', async () => {
    expect(await listed("/api/machines/findbyip(ip='192.0.2.17',timestamp=2026-11-23T08:12:26Z)")).toEqual([
      web,
    ])
    expect(await listed("/api/machines/findbyip(ip='192.0.2.99',timestamp=2026-11-23T08:12:26Z)")).toEqual([])
  })

  it('A.11 a machine is named by its id, its computer name or its Entra device id', async () => {
    for (const name of [laptop, 'laptop-7.contoso.example', 'LAPTOP-7.contoso.example', ENTRA_DEVICE]) {
      const answer = await get(`/api/machines/${name}`)
      expect({ name, status: answer.status }).toEqual({ name, status: 200 })
      expect(answer.json()).toMatchObject({ id: laptop, aadDeviceId: ENTRA_DEVICE })
    }
    const other = (await get(`/api/machines/${web}`)).json()
    expect(Object.keys(other)).toContain('aadDeviceId')
    expect(other.aadDeviceId).toBeNull()
    const scan = await world.scan(ENTRA_DEVICE)
    expect(scan.status).toBe(201)
    expect(scan.json().machineId).toBe(laptop)
  })

  it('A.18 findbyip takes a moment that lies ahead', async () => {
    // Five hours: what somebody in New York gets who writes their local time and calls it UTC, the other way round.
    const answer = await get("/api/machines/findbyip(ip='192.0.2.17',timestamp=2026-11-23T13:00:00Z)")
    expect(answer.status).toBe(200)
    expect(answer.json<List>().value).toEqual(expect.any(Array))
  })

  it('C.6 machines are found by an address and by a tag', async () => {
    const near = "/api/v1.0/machines/FindByIp(ip='192.0.2.17',timestamp=2026-11-23T08:00:00.0000000Z)"
    expect(await listed(near)).toEqual([web])
    expect(await listed('/api/machines/findbytag?tag=web&useStartsWithFilter=false')).toEqual([web])
    expect((await listed('/api/machines/findbytag?tag=web&useStartsWithFilter=true')).sort()).toEqual(
      [web, laptop].sort(),
    )
    expect(await listed('/api/machines/findbytag?tag=crown%20jewels')).toEqual([web])
    expect(await listed('/api/machines/findbytag?tag=nowhere')).toEqual([])
  })

  it('C.8 tags and values are changed, and the machine comes back with 200', async () => {
    const post = (path: string, body: string) => world.call('connector', `POST /api/machines/${path}`, body)
    const added = await post(`${web}/tags`, '{"Value": "quarantine", "Action": "Add"}')
    expect(added.status).toBe(200)
    expect(added.json()).toMatchObject({ id: web, machineTags: expect.arrayContaining(['quarantine']) })
    const removed = await post(`${web}/tags`, '{"Value": "quarantine", "Action": "Remove"}')
    expect(removed.status).toBe(200)
    expect(removed.json().machineTags).not.toContain('quarantine')

    const both = `{"Value": "case-7", "Action": "Add", "MachineIds": ["${web}", "${laptop}"]}`
    const many = await post('AddOrRemoveTagForMultipleMachines', both)
    expect(many.status).toBe(200)
    expect(many.json<List>().value.map(({ machineTags }) => machineTags)).toEqual([
      expect.arrayContaining(['case-7']),
      expect.arrayContaining(['case-7']),
    ])

    const valued = await post(`${web}/setDeviceValue`, '{"DeviceValue": "High"}')
    expect(valued.status).toBe(200)
    expect(valued.json()).toMatchObject({ id: web, deviceValue: 'High' })

    const patched = await world.call(
      'connector',
      `PATCH /api/machines/${web}`,
      '{"deviceValue": "Low", "machineTags": ["web"]}',
    )
    expect(patched.status).toBe(200)
    expect(patched.json()).toMatchObject({ id: web, deviceValue: 'Low', machineTags: ['web'] })

    expect((await post(`${UNKNOWN}/tags`, '{"Value": "x", "Action": "Add"}')).status).toBe(404)
  })
})
