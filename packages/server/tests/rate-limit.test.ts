import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer, type Application, refusalOf } from './api-server.ts'
import { call } from './call.ts'

describe('rate limits', () => {
  let api: ApiServer

  beforeAll(async () => {
    api = await ApiServer.start()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const by = { kind: 'operator', id: 'test', name: 'test' } as const
  const limit = (application: Application, perMinute: number | null, perHour: number | null) =>
    api.of.applications.setLimits(
      application.id,
      { perMinute, perHour },
      { id: crypto.randomUUID(), principal: by, operation: 'test', target: application.id, detail: {} },
    )
  const callerOf = async (application: Application): Promise<ApiCaller> => {
    const authorization = `Bearer ${await api.token(application)}`
    return (target, options = {}) =>
      call(api.origin, target, { ...options, headers: { authorization, ...options.headers } })
  }
  const times = async (count: number, ask: ApiCaller) => {
    const statuses: number[] = []
    for (let done = 0; done < count; done += 1) statuses.push((await ask('GET /api/machines/x')).status)
    return statuses
  }

  it('lets 100 calls a minute through, whatever becomes of them, and then says when to come back', async () => {
    const application = await api.application()
    await limit(application, null, null)
    const ask = await callerOf(application)
    const other = await api.caller()
    expect(await times(60, ask)).toEqual(Array(60).fill(404))
    api.clock.advance('30s')
    expect(await times(40, ask)).toEqual(Array(40).fill(404))
    const refused = await ask('GET /api/machines/x')
    expect(refusalOf(refused)).toMatchObject({ status: 429, code: 'TooManyRequests' })
    expect((await other('GET /api/machines/x')).status).toBe(404)

    const waitSeconds = Number(refused.headers['retry-after'])
    expect(waitSeconds).toBeGreaterThanOrEqual(30)
    expect(waitSeconds).toBeLessThanOrEqual(31)
    api.clock.advance((waitSeconds - 1) * 1_000)
    expect((await ask('GET /api/machines/x')).status).toBe(429)
    api.clock.advance(1_000)
    expect(await times(60, ask)).toEqual(Array(60).fill(404))
    expect(await times(1, ask)).toEqual([429])
  })

  it('holds an application to what was set for it, within a second', async () => {
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

  it('limits token requests by where they come from', async () => {
    const ask = () => call(api.origin, `POST /${api.tenant}/oauth2/token`, { body: 'grant_type=x' })
    api.clock.advance('1h')
    const answers = await Promise.all(Array.from({ length: 300 }, ask))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable', error_codes: [] })
    api.clock.advance(Number(refused.headers['retry-after']) * 1_000)
    expect((await ask()).status).toBe(400)
  })
})
