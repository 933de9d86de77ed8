// https://learn.microsoft.com/en-us/defender-endpoint/api/get-machine-by-id
import { DatabaseSync } from 'node:sqlite'
import { type Machine, type MachineId, parseFilter } from '@fleetsweep/protocol'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { AccessWorld, EVERY_ROLE_PERMISSION } from './access/access-world.ts'
import { type ApiServer, postgresDatabase, refusalOf, sqliteDatabase } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'

const AAD = '0F9619FF-8B86-D011-B42D-00C04FC964FF'
const SCAN = { Comment: 'c', ScanType: 'Quick' }

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('naming a machine on %s', (_, openDatabase) => {
  let world: AccessWorld
  let api: ApiServer
  /** Two in everybody's reach share a name; a third of it is the owners' alone. */
  let older: MachineId
  let newer: MachineId
  let hidden: MachineId
  /** One of these is the owners' alone, too. */
  let lone: MachineId
  let loneHidden: MachineId

  beforeAll(async () => {
    world = await AccessWorld.open(openDatabase)
    api = world.api
    const owners = await world.userGroup()
    const rules = { tag: [{ operator: 'equals', value: 'hidden' }] }
    await world.create('deviceGroups', { displayName: 'Hidden', rules, userGroupIds: [owners] })
    const make = async (n: number, computerDnsName: string, tags: string[] = []) => {
      api.clock.advance('1m')
      return api.machine(n, { computerDnsName }, tags)
    }
    older = await make(11, 'Twin.example')
    newer = await make(12, 'twin.EXAMPLE')
    hidden = await make(13, 'twin.example', ['hidden'])
    lone = await make(14, 'lone.example')
    loneHidden = await make(15, 'lone.example', ['hidden'])
    await setAadDevice(api, lone, AAD.toLowerCase())
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const everything = {
    permissions: ['Machine.Read.All', 'Machine.ReadWrite.All', 'Machine.Scan'],
    rolePermissions: EVERY_ROLE_PERMISSION,
  } as const
  const ask = async (who: 'application' | 'person', target: string, body?: object): Promise<CallAnswer> => {
    const token =
      who === 'application'
        ? await world.applicationToken(everything.permissions)
        : await world.personToken(everything, false)
    const authorization = `Bearer ${token}`
    return call(api.origin, target, { headers: { authorization }, ...(body && { body }) })
  }
  const changes = (name: string): [string, object][] => [
    [`POST /api/machines/${name}/runAntiVirusScan`, SCAN],
    [`POST /api/machines/${name}/tags`, { Value: 'named', Action: 'Add' }],
    [`POST /api/machines/${name}/setDeviceValue`, { DeviceValue: 'Low' }],
    [`PATCH /api/machines/${name}`, { deviceValue: 'Low' }],
    [
      'POST /api/machines/AddOrRemoveTagForMultipleMachines',
      { Value: 'named', Action: 'Add', MachineIds: [name] },
    ],
  ]

  it('reads it by its id, its name and its Entra device id, in any case', async () => {
    for (const name of [lone, lone.toUpperCase(), AAD, AAD.toLowerCase()]) {
      const answer = await ask('application', `GET /api/machines/${name}`)
      expect(answer.json()).toMatchObject({ id: lone, aadDeviceId: AAD.toLowerCase() })
    }
    expect((await ask('person', 'GET /api/machines/LONE.Example')).json()).toMatchObject({ id: lone })
  })

  it('reads of those that share a name the one heard of last, within reach', async () => {
    expect((await ask('application', 'GET /api/machines/TWIN.example')).json()).toMatchObject({ id: hidden })
    expect((await ask('person', 'GET /api/machines/TWIN.example')).json()).toMatchObject({ id: newer })
    await api.of.machines.recordSeen([{ id: older, at: api.clock.now() }])
    expect((await ask('person', 'GET /api/machines/twin.example')).json()).toMatchObject({ id: older })
  })

  it('changes the one that bears the name within reach, whoever bears it beyond', async () => {
    for (const name of ['Lone.Example', AAD]) {
      for (const [target, body] of changes(name)) {
        const answer = await ask('person', target, body)
        expect([200, 201]).toContain(answer.status)
        expect(answer.text).toContain(lone)
        expect(answer.text).not.toContain(loneHidden)
      }
    }
    expect(await api.of.machines.find(loneHidden)).toMatchObject({ tags: ['hidden'], deviceValue: 'Normal' })
  })

  it('never changes one of several that bear a name, and lists those within reach', async () => {
    for (const [target, body] of changes('twin.example')) {
      const answer = await ask('person', target, body)
      expect(refusalOf(answer)).toMatchObject({ status: 400, code: 'InvalidInput' })
      expect(answer.text).toContain(
        'twin.example is the name of several machines; give the id of the right one: ',
      )
      expect(answer.text).toContain(older)
      expect(answer.text).toContain(newer)
      expect(answer.text).not.toContain(hidden)
      expect((await ask('application', target, body)).text).toContain(hidden)
    }
    for (const id of [older, newer, hidden]) {
      expect(await api.of.machines.find(id)).toMatchObject({ deviceValue: 'Normal' })
    }
    const scans = parseFilter(`machineId in ('${older}','${newer}','${hidden}')`)
    expect(await api.of.machineActions.count(scans, ALL_MACHINES)).toBe(0)
  })

  it('answers for a machine beyond reach as for one that does not exist', async () => {
    for (const [target, body] of changes(hidden)) {
      expect(refusalOf(await ask('person', target, body))).toEqual({
        status: 404,
        code: 'ResourceNotFound',
        message: `Machine ${hidden} was not found`,
      })
    }
  })

  it('shows a machine once more to whoever has tagged it out of their reach', async () => {
    const id = await api.machine(16, { computerDnsName: 'leaving.example' })
    const tag = { Value: 'HIDDEN', Action: 'Add' }
    const answer = await ask('person', `POST /api/machines/${id}/tags`, tag)
    expect(answer.status).toBe(200)
    expect(answer.json<Machine>()).toMatchObject({ rbacGroupName: 'Hidden', machineTags: ['HIDDEN'] })
    expect((await ask('person', `GET /api/machines/${id}`)).status).toBe(404)
    expect((await ask('person', `POST /api/machines/${id}/tags`, tag)).status).toBe(404)
  })
})

/** Nothing of ours learns the directory's id of a machine yet. */
async function setAadDevice({ database }: ApiServer, id: MachineId, aadDeviceId: string): Promise<void> {
  const sql = `UPDATE machine SET aad_device_id = '${aadDeviceId}' WHERE id = '${id}'`
  if (database.kind === 'sqlite') {
    const file = new DatabaseSync(database.path, { timeout: 5_000 })
    file.exec(sql)
    file.close()
  } else {
    const client = new Client({ connectionString: database.connectionString })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
}
