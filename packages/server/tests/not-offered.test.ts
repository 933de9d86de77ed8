// https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-list
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { PERMISSIONS } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOT_OFFERED } from '../src/not-offered/index.ts'
import { operations } from '../src/operations.ts'
import { AccessWorld, EVERY_ROLE_PERMISSION } from './access/access-world.ts'
import { ApiServer, refusalOf, sqliteDatabase } from './api-server.ts'

describe('what Microsoft offers and this server does not', () => {
  let world: AccessWorld
  beforeAll(async () => {
    world = await AccessWorld.open(sqliteDatabase)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  /** The target of a route, about this machine and action. */
  const targetOf = (
    route: string,
    { machine = world.machine, action = world.action, alert = world.alert } = {},
  ) =>
    route
      .replace(':machineId', machine)
      .replace(':actionId', action)
      .replace(':alertId', alert)
      .replace(':arguments', 'index=0')
      .replace(/:\w+/g, 'x')
  /** How each call is answered that a token comes with, by route. */
  const askAll = async (
    routes: readonly { route: string }[],
    token: string | undefined,
    ids: Parameters<typeof targetOf>[1] = {},
  ) => {
    const answers: Record<string, unknown> = {}
    for (const { route } of routes) {
      // Nobody's rate limit is what is asked for here.
      world.api.clock.advance('2s')
      const answer = await world.call(targetOf(route, ids), token, /^P/.test(route) ? {} : undefined)
      const { status, code } = refusalOf(answer)
      answers[route] = `${status} ${code}`
    }
    return answers
  }
  const each = (routes: readonly { route: string }[], answer: string) =>
    Object.fromEntries(routes.map(({ route }) => [route, answer]))
  const ofMachines = NOT_OFFERED.filter(({ route }) => /:(machineId|actionId|alertId)\//.test(route))

  it('is refused as a feature that is off, with what is offered in its place', async () => {
    const token = await world.applicationToken(PERMISSIONS)
    expect(await askAll(NOT_OFFERED, token)).toEqual(each(NOT_OFFERED, '403 DisabledFeature'))
    const answer = await world.call(`POST /api/machines/${world.machine}/isolate`, token, { Comment: 'c' })
    expect(refusalOf(answer).message).toBe(
      'This server does not isolate machines. It scans machines: POST /api/machines/{id}/runAntiVirusScan.',
    )
  })

  it('is refused so to a person who may', async () => {
    const everything = { permissions: PERMISSIONS, rolePermissions: EVERY_ROLE_PERMISSION }
    const owner = await world.personToken(everything, true)
    expect(await askAll(ofMachines, owner)).toEqual(each(ofMachines, '403 DisabledFeature'))
  })

  it('is not found first, where the machine, action or alert is unknown or out of reach', async () => {
    const everything = { permissions: PERMISSIONS, rolePermissions: EVERY_ROLE_PERMISSION }
    const all = each(ofMachines, '404 ResourceNotFound')
    expect(await askAll(ofMachines, await world.personToken(everything, false))).toEqual(all)
    expect(await askAll(ofMachines, await world.strangersToken())).toEqual(all)
    const token = await world.applicationToken(PERMISSIONS)
    const unknown = {
      machine: 'f'.repeat(40),
      action: randomUUID(),
      alert: 'da637472900382838869_1364969609',
    }
    expect(await askAll(ofMachines, token, unknown)).toEqual(all)
    expect(
      await askAll(ofMachines, token, { machine: 'made-up', action: 'made-up', alert: 'made-up' }),
    ).toEqual(all)
  })

  it('tells whoever may not read machines and alerts nothing of which there are', async () => {
    const token = await world.applicationToken(['Fleet.Enroll'])
    const known = await askAll(ofMachines, token)
    expect(known).toEqual(each(ofMachines, '403 DisabledFeature'))
    expect(
      await askAll(ofMachines, token, { machine: 'f'.repeat(40), action: randomUUID(), alert: 'x' }),
    ).toEqual(known)
  })

  it('is refused to nobody known', async () => {
    expect(await askAll(NOT_OFFERED, undefined)).toEqual(each(NOT_OFFERED, '401 Unauthorized'))
  })

  it('answers a wrong verb with the right one, and any spelling of the path', async () => {
    const token = await world.applicationToken(PERMISSIONS)
    const wrong = await world.call(`GET /api/machines/${world.machine}/isolate`, token)
    expect(refusalOf(wrong)).toMatchObject({ status: 405, code: 'MethodNotAllowed' })
    expect(wrong.headers.allow).toBe('POST')
    for (const path of [
      `POST /API/v1.0/Machines/${world.machine}/RunLiveResponse/`,
      `GET /api/machineactions/${world.action}/getLiveResponseResultDownloadLink(index%3D0)`,
      'GET /api/v1.0/$metadata',
      'GET /api/%24metadata',
    ]) {
      expect(refusalOf(await world.call(path, token)), path).toMatchObject({ code: 'DisabledFeature' })
    }
  })

  it('takes a body of any kind', async () => {
    const token = await world.applicationToken(PERMISSIONS)
    const answer = await fetch(`${world.api.origin}/api/libraryfiles`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x--',
    })
    expect(answer.status).toBe(403)
  })

  it('answers JSON at the root of the API, and where there is nothing', async () => {
    const token = await world.applicationToken(PERMISSIONS)
    for (const path of ['GET /api', 'GET /api/', 'GET /api/v1.0', 'POST /api/nothing']) {
      expect(refusalOf(await world.call(path, token)), path).toMatchObject({ status: 404, code: 'NotFound' })
    }
  })

  it('stands in the documentation, call by call', () => {
    const page = readFileSync(new URL('../../../docs/api/not-offered.md', import.meta.url), 'utf8')
    for (const { route, does, instead } of NOT_OFFERED) {
      const call = route.replace('(:arguments)', '(index={n})').replace(/:(\w+)/g, '{$1}')
      const line = page.split('\n').find((one) => one.includes(`\`${call}\``))
      expect(line, call).toContain(`| ${does} |`)
      expect(line, call).toContain(instead)
    }
  })

  it('is nothing that this server does offer', () => {
    const routes = operations.map(({ route }) => route.replace(/:\w+/g, ':').toLowerCase())
    expect(new Set(routes).size).toBe(routes.length)
  })
})

describe('calls that are not offered', () => {
  let api: ApiServer
  beforeAll(async () => {
    api = await ApiServer.start()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  it.each([
    ['GET /api/machineactions/x/getPackageUri', 2],
    ['POST /api/machines/x/runliveresponse', 10],
    ['POST /api/machines/x/startInvestigation', 50],
    ['POST /api/advancedqueries/run', 45],
    ['GET /api/machines/InfoGatheringExport', 30],
    ['GET /api/indicators', 100],
  ])('draw on Microsoft’s limit: %s at most %i times', async (target, most) => {
    const application = await api.application()
    await api.setLimits(application.id, { perMinute: null, perHour: null })
    const headers = { authorization: `Bearer ${await api.token(application)}` }
    const [method = '', path = ''] = target.split(' ')
    const statuses = []
    for (let call = 0; call <= most; call += 1) {
      statuses.push((await fetch(`${api.origin}${path}`, { method, headers })).status)
    }
    expect(statuses.slice(0, most)).not.toContain(429)
    expect(statuses[most]).toBe(429)
  })
})
