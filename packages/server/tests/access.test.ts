import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { DeviceGroup, MachineActionId, MachineId, Role, User, UserGroup } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  sqliteDatabase,
} from './api-server.ts'
import { call } from './call.ts'
import { accepted, auditEntry, detected, started, TIME_OUT_MS } from './stores/builders.ts'

const SCOPES = ['Machine.Read', 'Machine.Scan', 'Scan.Read.All', 'Fleet.Admin']

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('people and what they reach, on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let admin: ApiCaller
  beforeAll(async () => {
    api = await ApiServer.start(open)
    admin = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const make = async <T>(target: string, body: object): Promise<T> => {
    const answer = await admin(target, { body })
    expect([target, answer.status, answer.text]).toEqual([target, 201, expect.any(String)])
    return answer.json<T>()
  }
  let made = 0
  /** A user group with a role of its own, and somebody in it who uses the command line. */
  const person = async (
    permissions: readonly string[] = ['ViewData', 'ActiveRemediationActions', 'Scan.Read.All'],
  ) => {
    made += 1
    const group = await make<UserGroup>('POST /fleet/v1/userGroups', { displayName: `Group ${made}` })
    const role = await make<Role>('POST /fleet/v1/roles', {
      displayName: `Role ${made}`,
      permissions,
      userGroupIds: [group.id],
    })
    const user = await make<User>('POST /fleet/v1/users', {
      userPrincipalName: `person-${made}@contoso.example`,
      displayName: 'Somebody',
      userGroupIds: [group.id],
    })
    const authorization = `Bearer ${await api.userToken(user.id as never, SCOPES)}`
    const ask: ApiCaller = (target, options = {}) =>
      call(api.origin, target, { ...options, headers: { authorization, ...options.headers } })
    return { user, group, role, ask, authorization }
  }
  const deviceGroup = (tag: string, userGroupIds: string[]) => {
    made += 1
    const rules = { tag: [{ operator: 'equals', value: tag }] }
    return make<DeviceGroup>('POST /fleet/v1/deviceGroups', {
      displayName: `${tag} ${made}`,
      rules,
      userGroupIds,
    })
  }
  const requestScan = async (ask: ApiCaller, machine: MachineId) =>
    ask(`POST /api/machines/${machine}/runAntiVirusScan`, { body: { Comment: 'why', ScanType: 'Quick' } })
  const valuesOf = async (ask: ApiCaller, target: string) =>
    (await ask(target)).json<{ value: { id: string; machineId?: string }[] }>().value

  it('shows somebody of one device group that group alone, in every list and every read', async () => {
    const { ask, group } = await person()
    const { id: deviceGroupId, displayName } = await deviceGroup('reach', [group.id])
    // Nobody else reaches what has no group.
    const stranger = await person()
    await admin('PATCH /fleet/v1/deviceGroups/0', { body: { userGroupIds: [stranger.group.id] } })
    const [ours, theirs] = [
      await api.machine(++made, {}, ['reach']),
      await api.machine(++made, {}, ['other']),
    ]
    const scans: Record<string, MachineActionId> = {}
    for (const machine of [ours, theirs]) {
      const { id } = (await requestScan(admin, machine)).json<{ id: MachineActionId }>()
      scans[machine] = id
      for (const [number, event] of [accepted, started(), detected(`/tmp/${machine}`)].entries()) {
        const told = { machineId: machine, actionId: id, number: number + 1, event }
        await api.of.scans.takeEvent({ ...told, reportUrl: 'https://sweep.example', silenceMs: TIME_OUT_MS })
      }
    }
    const [ourScan, theirScan] = [scans[ours], scans[theirs]]

    expect((await valuesOf(ask, 'GET /api/machines')).map(({ id }) => id)).toEqual([ours])
    expect((await ask('GET /api/machines/$count')).text).toBe('1')
    expect((await ask('GET /api/machines?$count=true')).json()['@odata.count']).toBe(1)
    expect((await valuesOf(ask, 'GET /api/machineactions')).map(({ id }) => id)).toEqual([ourScan])
    expect((await ask('GET /api/machineactions/$count')).text).toBe('1')
    expect(await valuesOf(ask, `GET /api/machineactions?$filter=machineId%20eq%20'${theirs}'`)).toEqual([])
    const detections = (await ask('GET /fleet/v1/detections')).json<{ items: { machineId: string }[] }>()
    expect(detections.items.map(({ machineId }) => machineId)).toEqual([ours])

    expect((await ask(`GET /api/machines/${ours}`)).json()).toMatchObject({
      rbacGroupId: deviceGroupId,
      rbacGroupName: displayName,
    })
    for (const [scan, machine, status] of [
      [ourScan, ours, 200],
      [theirScan, theirs, 404],
    ] as const) {
      expect((await ask(`GET /api/machines/${machine}`)).status).toBe(status)
      expect((await ask(`GET /api/machineactions/${scan}`)).status).toBe(status)
      expect((await ask(`GET /fleet/v1/scans/${scan}`)).status).toBe(status)
    }
    const unknown = '0'.repeat(40)
    const refusal = (text: string, id: string) => text.replaceAll(id, 'ID').replace(/"target":"[^"]+"/, '')
    const [hidden, missing] = [await requestScan(ask, theirs), await requestScan(ask, unknown as MachineId)]
    expect(hidden.status).toBe(404)
    expect(refusal(hidden.text, theirs)).toBe(refusal(missing.text, unknown))
    const cancelled = await ask(`POST /api/machineactions/${theirScan}/cancel`, { body: { Comment: 'x' } })
    expect(cancelled.status).toBe(404)
    expect(
      (await ask(`POST /api/machineactions/${ourScan}/cancel`, { body: { Comment: 'x' } })).json(),
    ).toMatchObject({
      status: 'Cancelled',
      cancellationRequestor: expect.stringMatching(/^person-/),
    })
    expect((await requestScan(ask, ours)).json()).toMatchObject({ requestSource: 'Portal' })
    await admin('PATCH /fleet/v1/deviceGroups/0', { body: { userGroupIds: [] } })
  })

  it('filters machines by their device group, by number and by name', async () => {
    const { id, displayName } = await deviceGroup('filter', [])
    const machine = await api.machine(++made, {}, ['filter'])
    const ungrouped = await api.machine(++made)
    const find = async (filter: string) =>
      (await valuesOf(admin, `GET /api/machines?$filter=${encodeURIComponent(filter)}`)).map((one) => one.id)
    expect(await find(`rbacGroupId eq ${id}`)).toEqual([machine])
    expect(await find(`rbacGroupId in (${id}, 999)`)).toEqual([machine])
    expect(await find(`rbacGroupName eq '${displayName.toUpperCase()}'`)).toEqual([machine])
    expect(await find(`rbacGroupName in ('${displayName}', null)`)).toContain(ungrouped)
    expect(await find('rbacGroupName eq null')).toContain(ungrouped)
    expect(await find('rbacGroupName eq null')).not.toContain(machine)
    expect(await find('rbacGroupId eq 0')).not.toContain(machine)
    expect(await find('rbacGroupName ne null')).toContain(machine)
  })

  it('lets a machine take its history along when it changes its group', async () => {
    const [before, after] = [await person(), await person()]
    await deviceGroup('from', [before.group.id])
    const machine = await api.machine(++made, {}, ['from'])
    const { id } = (await requestScan(before.ask, machine)).json<{ id: string }>()
    expect((await after.ask(`GET /api/machineactions/${id}`)).status).toBe(404)
    const moved = await deviceGroup('from', [after.group.id])
    const { items } = (await admin('GET /fleet/v1/deviceGroups')).json<{ items: DeviceGroup[] }>()
    const others = items.map((group) => group.id).filter((other) => other !== moved.id && other !== 0)
    expect(
      (await admin('PUT /fleet/v1/deviceGroups/order', { body: { ids: [moved.id, ...others] } })).status,
    ).toBe(200)
    expect((await after.ask(`GET /api/machineactions/${id}`)).status).toBe(200)
    expect((await valuesOf(after.ask, 'GET /api/machineactions')).map((one) => one.id)).toContain(id)
    expect((await before.ask(`GET /api/machineactions/${id}`)).status).toBe(404)
    expect((await valuesOf(before.ask, 'GET /api/machineactions')).map((one) => one.id)).not.toContain(id)
  })

  it('answers 403 without the role, 404 without the group, 201 with both', async () => {
    const reader = await person(['ViewData'])
    const stranger = await person()
    const scanner = await person()
    await deviceGroup('scan', [scanner.group.id, reader.group.id])
    const machine = await api.machine(++made, {}, ['scan'])
    expect((await requestScan(reader.ask, machine)).status).toBe(403)
    expect((await requestScan(stranger.ask, machine)).status).toBe(404)
    expect((await requestScan(scanner.ask, machine)).status).toBe(201)
  })

  it('knows of every change of access at the next call', async () => {
    const { ask, user, group, role } = await person()
    const { id } = await deviceGroup('next', [group.id])
    const machine = await api.machine(++made, {}, ['next'])
    const status = async () => (await ask(`GET /api/machines/${machine}`)).status
    expect(await status()).toBe(200)
    const change = async (target: string, body?: object) => {
      const { status: done, text } = await admin(target, body === undefined ? {} : { body })
      expect([200, 204], text).toContain(done)
    }
    await change(`PATCH /fleet/v1/roles/${role.id}`, { permissions: ['Scan.Read.All'] })
    expect(await status()).toBe(403)
    await change(`PATCH /fleet/v1/roles/${role.id}`, { permissions: ['ViewData'] })
    expect(await status()).toBe(200)
    await change(`DELETE /fleet/v1/userGroups/${group.id}/members/${user.id}`)
    expect(await status()).toBe(403)
    await change(`PUT /fleet/v1/userGroups/${group.id}/members/${user.id}`)
    expect(await status()).toBe(200)
    const stranger = await person()
    await change(`PATCH /fleet/v1/deviceGroups/${id}`, { userGroupIds: [stranger.group.id] })
    expect(await status()).toBe(404)
    await change(`PATCH /fleet/v1/deviceGroups/${id}`, { userGroupIds: [] })
    expect(await status()).toBe(200)
    await change(`PATCH /fleet/v1/users/${user.id}`, { disabled: true })
    expect(await status()).toBe(401)
    await change(`PATCH /fleet/v1/users/${user.userPrincipalName.toUpperCase()}`, { disabled: false })
    expect(await status()).toBe(200)
    await change(`DELETE /fleet/v1/users/${user.id}`)
    expect(await status()).toBe(401)
  })

  it('tells everybody who is signed in who they are', async () => {
    const { ask, user, group } = await person(['ViewData'])
    const { id, displayName } = await deviceGroup('me', [group.id])
    const me = (await ask('GET /fleet/v1/me')).json<{ reach: { deviceGroups: unknown[] } }>()
    expect(me).toMatchObject({
      kind: 'user',
      id: user.id,
      name: user.userPrincipalName,
      permissions: ['Fleet.Admin', 'Machine.Read.All', 'Machine.Scan', 'Scan.Read.All'],
      rolePermissions: ['ViewData'],
      reach: { allMachines: false },
    })
    expect(me.reach.deviceGroups).toContainEqual({ id, displayName })
    const none = await api.caller([])
    expect((await none('GET /fleet/v1/me')).json()).toMatchObject({
      kind: 'application',
      name: 'Playbooks',
      permissions: [],
      rolePermissions: null,
      reach: { allMachines: true, deviceGroups: [] },
    })
  })

  it('streams live events of the machines that somebody reaches, and none of others', async () => {
    const [reader, stranger] = [await person(), await person()]
    await deviceGroup('live', [reader.group.id])
    await deviceGroup('unlive', [stranger.group.id])
    const [ours, theirs] = [
      await api.machine(++made, {}, ['live']),
      await api.machine(++made, {}, ['unlive']),
    ]
    const { authorization } = reader
    const sent = get(`${api.origin}/fleet/v1/events`, { agent: false, headers: { authorization } })
    onTestFinished(() => void sent.destroy())
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    let seen = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      seen += chunk
    })
    let hasEnded = false
    response.on('close', () => {
      hasEnded = true
    })
    await requestScan(admin, theirs)
    await requestScan(admin, ours)
    await until(() => seen.includes(ours), 'the scan within reach was told')
    expect(seen).not.toContain(theirs)
    await admin(`DELETE /fleet/v1/userGroups/${reader.group.id}/members/${reader.user.id}`)
    await until(() => hasEnded, 'the stream ended with the access that it stood on')
  })

  it('previews rules within reach', async () => {
    const { ask, group } = await person(['Fleet.Admin'])
    await deviceGroup('seen', [group.id])
    const other = await person()
    await deviceGroup('unseen', [other.group.id])
    const seen = await api.machine(++made, {}, ['seen', 'both'])
    await api.machine(++made, {}, ['unseen', 'both'])
    const body = { rules: { tag: [{ operator: 'equals', value: 'BOTH' }] } }
    const preview = async (by: ApiCaller) =>
      (await by('POST /fleet/v1/deviceGroups/preview', { body })).json<{
        count: number
        machines: { id: string }[]
      }>()
    expect((await preview(admin)).count).toBe(2)
    expect(await preview(ask)).toMatchObject({
      count: 1,
      machines: [{ id: seen, machineTags: ['seen', 'both'] }],
    })
  })

  it.each([
    ['POST /fleet/v1/users', { userPrincipalName: 'no at', displayName: 'x' }, 'userPrincipalName'],
    ['POST /fleet/v1/users', { userPrincipalName: 'a@b.example', displayName: ' ' }, 'displayName'],
    ['POST /fleet/v1/users', { userPrincipalName: 'ädä@b.example', displayName: 'x' }, 'userPrincipalName'],
    ['POST /fleet/v1/userGroups', {}, 'displayName'],
    ['POST /fleet/v1/roles', { displayName: 'x', permissions: ['Everything'] }, 'permissions'],
    ['POST /fleet/v1/deviceGroups', { displayName: 'x', rules: {} }, 'rules'],
    ['POST /fleet/v1/deviceGroups', { displayName: 'x', rules: { os: [] } }, 'rules'],
    [
      'POST /fleet/v1/deviceGroups',
      { displayName: 'x', rules: { tag: [{ operator: 'is', value: 'x' }] } },
      'rules',
    ],
    ['POST /fleet/v1/deviceGroups/preview', { rules: { tag: [] } }, 'rules.tag'],
    ['PUT /fleet/v1/deviceGroups/order', { ids: [0] }, 'ids'],
  ])('refuses %s with %j, and says what is wrong', async (target, body, what) => {
    const answer = await admin(target, { body })
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json<{ detail: string }>().detail).toContain(what)
  })

  it.each(['users', 'userGroups', 'roles', 'deviceGroups'])(
    'answers 404 for %s that are not there',
    async (noun) => {
      for (const id of ['x', '999999', '00000000-0000-4000-8000-00000000dead']) {
        for (const method of ['GET', 'PATCH', 'DELETE']) {
          const body = method === 'PATCH' ? { displayName: 'x' } : undefined
          const answer = await admin(`${method} /fleet/v1/${noun}/${id}`, body === undefined ? {} : { body })
          expect([method, id, answer.status]).toEqual([method, id, 404])
        }
      }
    },
  )

  it('refuses to lock everybody out', async () => {
    const { administrators } = await api.of.roles.ensureBuiltIns(
      { administratorRole: crypto.randomUUID() as never, administrators: crypto.randomUUID() as never },
      auditEntry(),
    )
    const { id } = await make<User>('POST /fleet/v1/users', {
      userPrincipalName: 'root@contoso.example',
      displayName: 'Root',
      userGroupIds: [administrators],
    })
    for (const [target, body] of [
      [`DELETE /fleet/v1/users/${id}`],
      [`PATCH /fleet/v1/users/${id}`, { disabled: true }],
      [`DELETE /fleet/v1/userGroups/${administrators}/members/${id}`],
      [`DELETE /fleet/v1/userGroups/${administrators}`],
    ] as const) {
      const answer = await admin(target, body === undefined ? {} : { body })
      expect([target, answer.status]).toEqual([target, 400])
      expect(answer.json<{ detail: string }>().detail).toContain('administrator')
    }
  })
})
