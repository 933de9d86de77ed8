import type { FleetAuditEntry, UserGroupId } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer } from './api-server.ts'
import { call } from './call.ts'

describe('refused calls in the audit', () => {
  let api: ApiServer

  beforeAll(async () => {
    api = await ApiServer.start()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const refusalsOf = async (principal: string) => {
    const entries = await api.of.audit.list({ principal, operation: 'call.refused', limit: 100 })
    return entries.map(({ target, detail }) => {
      const { code, calls } = JSON.parse(detail) as { code: string; calls: number }
      return `${calls} × ${target}: ${code}`
    })
  }
  /** Lets the minute pass, so that what was refused in it is written. */
  const minuteOver = async (principal: string, count: number) => {
    await until(async () => {
      api.clock.advance('15s')
      return (await refusalsOf(principal)).length >= count
    }, 'the refusals were written')
  }

  it('are one entry for each principal, route, code and minute', async () => {
    const { id, secret } = await api.application(['Machine.Read.All'])
    const authorization = `Bearer ${await api.token({ id, secret })}`
    const ask = (target: string) => call(api.origin, target, { headers: { authorization } })
    for (const machine of ['a', 'b', 'c']) {
      expect((await ask(`POST /api/machines/${machine}/runAntiVirusScan`)).status).toBe(403)
    }
    expect((await ask('GET /fleet/v1/audit')).status).toBe(403)
    // It reaches every machine: this one is just not there. And a mistake is no refusal.
    expect((await ask('GET /api/machines/x')).status).toBe(404)
    expect((await ask('GET /api/machines?$filter=rubbish')).status).toBe(400)
    await minuteOver(id, 2)
    expect((await refusalsOf(id)).toSorted()).toEqual([
      '1 × GET /fleet/v1/audit: Forbidden',
      '3 × POST /api/machines/:machineId/runAntiVirusScan: Forbidden',
    ])
  })

  it('tell of machines that somebody does not reach, whether they exist or not', async () => {
    const admin = await api.caller()
    const made = async <T>(target: string, body: object) =>
      (await admin(target, { body })).json<{ id: T }>().id
    const analysts = await made<UserGroupId>('POST /fleet/v1/userGroups', { displayName: 'Analysts' })
    const others = await made('POST /fleet/v1/userGroups', { displayName: 'Others' })
    await made('POST /fleet/v1/roles', {
      displayName: 'Readers',
      permissions: ['ViewData'],
      userGroupIds: [analysts, others],
    })
    const closed = await admin('PATCH /fleet/v1/deviceGroups/0', { body: { userGroupIds: [others] } })
    expect(closed.status).toBe(200)
    const user = await api.user('carol@contoso.example', [analysts])
    const token = await api.userToken(user, ['Machine.Read'])
    const machine = await api.machine(1)
    for (const one of [machine, 'nothing']) {
      const answer = await call(api.origin, `GET /api/machines/${one}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(answer.status).toBe(404)
    }
    await minuteOver(user, 1)
    expect(await refusalsOf(user)).toEqual(['2 × GET /api/machines/:machineId: ResourceNotFound'])
  })

  it('are written at the latest when the server stops', async () => {
    await using server = await TestServer.start()
    for (let calls = 0; calls < 103; calls += 1) await server.call('GET /api/machines/x')
    await server.restart()
    const answer = await server.call('GET /fleet/v1/audit?operation=call.refused')
    const { items } = (await answer.json()) as { items: FleetAuditEntry[] }
    expect(items).toMatchObject([
      {
        target: 'GET /api/machines/:machineId',
        principal: { kind: 'application', name: 'SOC automation' },
        detail: { code: 'TooManyRequests', calls: 3 },
      },
    ])
    expect(items[0]?.position).toBeGreaterThan(0)
  })
})
