import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { pino } from 'pino'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { InitialisedServer } from '../src/init/index.ts'
import { type CallClass, createHttpServer, Origins } from '../src/kit/http/index.ts'
import { runServerMain } from '../src/main.ts'
import {
  ALL_MACHINES,
  CALL_LIMITS,
  operation,
  type Principal,
  PrincipalCallLimiter,
} from '../src/principal/index.ts'
import { type ApiCaller, ApiServer, type Application, refusalOf } from './api-server.ts'
import { call } from './call.ts'
import { ServerProcess } from './program.ts'

const TOO_MANY =
  /^API calls quota exceeded! maximum allowed \d+ per \d\d:\d\d:\d\d\. Try again in \d+ seconds\.$/

describe('rate limits', () => {
  let api: ApiServer

  beforeAll(async () => {
    api = await ApiServer.start()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const limit = (application: Application, perMinute: number | null, perHour: number | null) =>
    api.setLimits(application.id, { perMinute, perHour })
  const callerWith =
    (token: string): ApiCaller =>
    (target, options = {}) =>
      call(api.origin, target, {
        ...options,
        headers: { authorization: `Bearer ${token}`, ...options.headers },
      })
  const callerOf = async (application: Application) => callerWith(await api.token(application))
  /** An application that nothing was set for. */
  const usualCaller = async () => {
    const application = await api.application()
    await limit(application, null, null)
    return callerOf(application)
  }
  const times = async (count: number, ask: ApiCaller, target = 'GET /api/machines/x') => {
    const statuses: number[] = []
    for (let done = 0; done < count; done += 1) statuses.push((await ask(target)).status)
    return statuses
  }
  const all = (count: number, status: number) => Array<number>(count).fill(status)

  it('let 100 calls a minute through, whatever becomes of them, and then say when to come back', async () => {
    const ask = await usualCaller()
    const other = await api.caller()
    expect(await times(60, ask)).toEqual(all(60, 404))
    api.clock.advance('30s')
    expect(await times(20, ask)).toEqual(all(20, 404))
    expect(await times(20, ask, 'GET /api/machines?$filter=rubbish')).toEqual(all(20, 400))
    const refused = await ask('GET /api/machines/x')
    expect(refusalOf(refused)).toMatchObject({
      status: 429,
      code: 'TooManyRequests',
      message: expect.stringMatching(TOO_MANY),
    })
    expect(refusalOf(refused).message).toContain('maximum allowed 100 per 00:01:00')
    expect((await other('GET /api/machines/x')).status).toBe(404)

    const waitSeconds = Number(refused.headers['retry-after'])
    expect(waitSeconds).toBeGreaterThanOrEqual(30)
    expect(waitSeconds).toBeLessThanOrEqual(31)
    api.clock.advance((waitSeconds - 1) * 1_000)
    expect((await ask('GET /api/machines/x')).status).toBe(429)
    api.clock.advance(1_000)
    expect(await times(60, ask)).toEqual(all(60, 404))
    expect(await times(1, ask)).toEqual([429])
  })

  it('let 1,500 calls an hour through, and then say when to come back', async () => {
    const application = await api.application()
    await limit(application, null, null)
    let ask = await callerOf(application)
    for (let minute = 0; minute < 15; minute += 1) {
      expect(await times(100, ask)).toEqual(all(100, 404))
      api.clock.advance('61s')
    }
    const refused = await ask('GET /api/machines/x')
    expect(refusalOf(refused).message).toContain('maximum allowed 1500 per 01:00:00')
    const waitSeconds = Number(refused.headers['retry-after'])
    // The first hundred leave an hour after they came.
    expect(waitSeconds).toBeGreaterThanOrEqual(3_600 - 15 * 61)
    expect(waitSeconds).toBeLessThanOrEqual(3_600 - 15 * 61 + 15)
    api.clock.advance((waitSeconds - 1) * 1_000)
    ask = await callerOf(application)
    expect((await ask('GET /api/machines/x')).status).toBe(429)
    api.clock.advance(1_000)
    expect((await ask('GET /api/machines/x')).status).toBe(404)
  })

  it('hold an application to what was set for it, within a second', async () => {
    const application = await api.application()
    await limit(application, 5, 8)
    const ask = await callerOf(application)
    expect(await times(6, ask)).toEqual([404, 404, 404, 404, 404, 429])
    api.clock.advance('2m')
    expect(await times(4, ask)).toEqual([404, 404, 404, 429])
    const hourly = await ask('GET /api/machines/x')
    expect(Number(hourly.headers['retry-after'])).toBeGreaterThan(3_000)
    await limit(application, 100, null)
    api.clock.advance('1s')
    expect(await times(2, ask)).toEqual([404, 404])
  })

  it('count the two APIs for themselves', async () => {
    const ask = await usualCaller()
    expect(await times(101, ask)).toEqual([...all(100, 404), 429])
    expect(await times(600, ask, 'GET /fleet/v1/scans/x')).toEqual(all(600, 404))
    const refused = await ask('GET /fleet/v1/scans/x')
    expect(refused.json()).toMatchObject({
      status: 429,
      code: 'TooManyRequests',
      detail: expect.stringContaining('maximum allowed 600 per 00:01:00'),
    })
  })

  it('count calls that are not permitted, and each person for themselves', async () => {
    const people = [await api.user('ann@contoso.example'), await api.user('bob@contoso.example')]
    const [ann, bob] = await Promise.all(people.map((user) => api.userToken(user, ['Machine.Read'])))
    expect(await times(101, callerWith(ann ?? ''))).toEqual([...all(100, 403), 429])
    expect(await times(1, callerWith(bob ?? ''))).toEqual([403])
  })

  it('hold each budget of an address for itself, so that one cannot starve another', async () => {
    api.clock.advance('1h')
    const token = () => call(api.origin, `POST /${api.tenant}/oauth2/token`, { body: 'grant_type=x' })
    const enroll = () => call(api.origin, 'POST /fleet/v1/agent/enroll', { body: '{}' })
    const discover = () => call(api.origin, `GET /${api.tenant}/discovery/keys`)
    const answers = await Promise.all(Array.from({ length: 300 }, token))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const refused = await token()
    expect(refused.status).toBe(429)
    expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable', error_codes: [] })

    const enrolled = await Promise.all(Array.from({ length: 300 }, enroll))
    expect(new Set(enrolled.map(({ status }) => status))).toEqual(new Set([400]))
    expect((await enroll()).status).toBe(429)
    expect((await discover()).status).toBe(200)
    api.clock.advance(Number(refused.headers['retry-after']) * 1_000)
    expect((await token()).status).toBe(400)
  })

  it('limit tokens that are not good by address, and leave good ones alone', async () => {
    const ask = await usualCaller()
    const bad = callerWith('a.b.c')
    expect(await times(61, bad)).toEqual([...all(60, 401), 429])
    const refused = await bad('GET /api/machines/x')
    expect(await times(1, ask)).toEqual([404])
    api.clock.advance(Number(refused.headers['retry-after']) * 1_000)
    expect(await times(1, bad)).toEqual([401])
  })
})

describe('rate limits of special operations', () => {
  const SPECIAL = [
    'antivirusInfo',
    'collectedPackage',
    'liveResponse',
    'advancedHunting',
    'investigation',
  ] as const

  it.each(SPECIAL)('are those of %s, whatever was set for the application', async (callClass: CallClass) => {
    const clock = new MovableClock()
    const principal: Principal = {
      kind: 'application',
      tenant: randomUUID() as TenantId,
      id: randomUUID(),
      name: 'Playbooks',
      permissions: new Set(['Machine.Scan']),
      rolePermissions: null,
      reach: ALL_MACHINES,
      requestSource: 'PublicApi',
      limits: { perMinute: 1_000_000, perHour: 1_000_000 },
    }
    const declare = (path: string, more: { callClass?: CallClass } = {}) =>
      operation({
        route: `GET /api/${path}`,
        summary: 'Test the limits',
        access: { permission: ['Machine.Scan'], role: ['ViewData'], reach: 'tenant' },
        ...more,
        answers: { 200: Type.Object({}) },
        handle: () => ({}),
      })
    const server = createHttpServer({
      operations: [declare('special', { callClass }), declare('other')],
      services: {},
      authenticate: async () => principal,
      limiter: new PrincipalCallLimiter(clock),
      origins: new Origins(),
      clock,
      logger: pino({ level: 'silent' }),
      newId: randomUUID,
    })
    const origin = await server.listen({ host: '127.0.0.1', port: 0 })
    const { perMinute, perHour } = CALL_LIMITS[callClass]
    const most = Math.min(perMinute ?? Number.POSITIVE_INFINITY, perHour ?? Number.POSITIVE_INFINITY)
    for (let done = 0; done < most; done += 1) {
      expect((await call(origin, 'GET /api/special')).status).toBe(200)
    }
    const refused = await call(origin, 'GET /api/special')
    expect(refusalOf(refused).message).toContain(`maximum allowed ${most} per`)
    expect((await call(origin, 'GET /api/other')).status).toBe(200)
    clock.advance(Number(refused.headers['retry-after']) * 1_000)
    expect((await call(origin, 'GET /api/special')).status).toBe(200)
    await server.close()
  })
})

describe.each(['sqlite', 'postgres'] as const)('rate limits on %s', (database) => {
  it('are the same after a restart', async () => {
    await using server = await TestServer.start({ database })
    const ask = async (count: number) => {
      const statuses: number[] = []
      for (let done = 0; done < count; done += 1) {
        statuses.push((await server.call('GET /api/machines/x')).status)
      }
      return statuses
    }
    expect(await ask(60)).toEqual(Array(60).fill(404))
    server.clock.advance('30s')
    expect(await ask(30)).toEqual(Array(30).fill(404))
    await server.restart()
    expect(await ask(11)).toEqual([...Array(10).fill(404), 429])
    const refused = await server.call('GET /api/machines/x')
    await server.restart()
    server.clock.advance((Number(refused.headers.get('retry-after')) - 1) * 1_000)
    expect(await ask(1)).toEqual([429])
    server.clock.advance(1_500)
    expect(await ask(61)).toEqual([...Array(60).fill(404), 429])
  })
})

describe('rate limits of a server that is killed', () => {
  it('are those of what was kept until then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-limits-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const dataDir = join(folder, 'data')
    const said: string[] = []
    const io = { env: {}, err: () => {}, out: (text: string) => void said.push(text) }
    await runServerMain(['init', '--data', dataDir, '--no-tls', '--json'], io)
    const { application, tenant }: InitialisedServer = JSON.parse(said.join(''))
    const callerAt = async ({ port }: ServerProcess): Promise<ApiCaller> => {
      const origin = `http://127.0.0.1:${port}`
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: application.id,
        client_secret: application.secret,
        resource: 'https://api.securitycenter.microsoft.com',
      })
      const issued = await call(origin, `POST /${tenant.id}/oauth2/token`, { body: form.toString() })
      const authorization = `Bearer ${issued.json<{ access_token: string }>().access_token}`
      return (target, options = {}) => call(origin, target, { ...options, headers: { authorization } })
    }
    {
      await using server = await ServerProcess.start(dataDir)
      const ask = await callerAt(server)
      // By the hour, so that it does not matter how long all this takes.
      const limits = `PUT /fleet/v1/applications/${application.id}/limits`
      expect((await ask(limits, { body: { perMinute: null, perHour: 50 } })).status).toBe(200)
      for (let done = 0; done < 50; done += 1) expect((await ask('GET /api/machines/x')).status).toBe(404)
      const file = new DatabaseSync(join(dataDir, 'fleetsweep.db'), { readOnly: true })
      const kept = file.prepare(`SELECT counts FROM call_count WHERE call_class = 'usual'`)
      await until(() => kept.all().some(({ counts }) => callsIn(String(counts)) === 50), 'all was kept')
      file.close()
      server.child.kill('SIGKILL')
      await server.exited
    }
    await using server = await ServerProcess.start(dataDir)
    const ask = await callerAt(server)
    expect(refusalOf(await ask('GET /api/machines/x'))).toMatchObject({
      status: 429,
      message: expect.stringContaining('maximum allowed 50 per 01:00:00'),
    })
  })

  const callsIn = (counts: string) =>
    (JSON.parse(counts) as { hour: [number, number][] }).hour.reduce((sum, [, calls]) => sum + calls, 0)
})
