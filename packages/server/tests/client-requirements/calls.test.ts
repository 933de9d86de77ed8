// https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-list
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { ClientWorld, type List } from './clients.ts'

const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded'
const UNKNOWN = '1e5bc9d7e413ddd7902c2932e418702b84d0cc07'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('the calls of all clients together on %s', (_, openDatabase) => {
  let world: ClientWorld
  let machine: string
  let action: string

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
    machine = await world.api.machine(1, { computerDnsName: 'web-01.contoso.example' })
    action = String((await world.scan(machine)).json().id)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const get = (path: string) => world.call('connector', `GET ${path}`)
  const proof = () =>
    `grant_type=client_credentials&client_id=${world.application.id}&client_secret=${encodeURIComponent(world.application.secret)}`

  it('C.1 the first generation of the token endpoint takes a POST and a GET', async () => {
    const form = `${proof()}&resource=https%3A%2F%2Fapi.securitycenter.windows.com`
    for (const method of ['POST', 'GET']) {
      const line = `${method} /${world.api.tenant}/oauth2/token`
      const answer = await world.send('connector', line, [FORM_TYPE], form)
      expect({ method, status: answer.status }).toEqual({ method, status: 200 })
      const wrong = await world.send('connector', line, [FORM_TYPE], form.replace('secret=', 'secret=x'))
      expect(wrong.status).toBe(401)
      expect(wrong.json().error).toBe('invalid_client')
      expect((await world.send('connector', line, [FORM_TYPE], 'grant_type=')).status).toBe(400)
    }
  })

  it('C.2 the second generation of the token endpoint takes a POST', async () => {
    const form = `${proof()}&scope=https%3A%2F%2Fapi.security.microsoft.com%2F.default`
    const line = `POST /${world.api.tenant}/oauth2/v2.0/token`
    const answer = await world.send('powershell', line, [FORM_TYPE], form)
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) })
  })

  it('C.3 sign-in libraries find their documents', async () => {
    const path = `/${world.api.tenant}/v2.0/.well-known/openid-configuration`
    const document = (await world.send('msal', `GET ${path}`)).json<{ jwks_uri: string; issuer: string }>()
    expect(document.issuer.startsWith(`${world.origin}/`)).toBe(true)
    expect((await world.send('msal', `GET ${new URL(document.jwks_uri).pathname}`)).json()).toMatchObject({
      keys: [{ kty: 'RSA' }],
    })
    const endpoint = encodeURIComponent(`${world.origin}/${world.api.tenant}/oauth2/v2.0/authorize`)
    const discovery = `/common/discovery/instance?api-version=1.1&authorization_endpoint=${endpoint}`
    expect((await world.send('msal', `GET ${discovery}`)).status).toBe(200)
  })

  it('C.5 machines are listed, and one is shown', async () => {
    const list = (await get("/api/machines?$filter=healthStatus+eq+'Active'&$top=10")).json<List>()
    expect(list.value.map(({ id }) => id)).toEqual([machine])
    const one = await get(`/api/machines/${machine}`)
    expect(one.status).toBe(200)
    expect(one.json()).toMatchObject({ id: machine, computerDnsName: 'web-01.contoso.example' })
    expect((await get(`/api/machines/${UNKNOWN}`)).status).toBe(404)
  })

  it('C.7 a scan is asked for with Comment and ScanType', async () => {
    const fresh = await world.api.machine(2)
    expect((await world.scan(fresh, 'Quick')).status).toBe(201)
    expect((await world.scan(fresh, 'Thorough')).status).toBe(400)
    expect((await world.scan(UNKNOWN, 'Quick')).status).toBe(404)
  })

  it('C.9 machine actions are listed, and one is shown', async () => {
    const list = (await get(`/api/machineactions?$filter=machineId+eq+'${machine}'`)).json<List>()
    expect(list.value.map(({ id }) => id)).toEqual([action])
    const one = await get(`/api/machineactions/${action}`)
    expect(one.status).toBe(200)
    expect(one.json()).toMatchObject({ id: action, type: 'RunAntiVirusScan', scope: 'Full' })
    expect((await get(`/api/machineactions/${crypto.randomUUID()}`)).status).toBe(404)
  })

  it('C.10 an action is cancelled with a comment and without a body', async () => {
    for (const [n, body] of ['{"Comment": "Not needed"}', '{}', ''].entries()) {
      const { id } = (await world.scan(await world.api.machine(10 + n))).json()
      const answer = await world.call('connector', `POST /api/machineactions/${id}/cancel`, body)
      expect({ body, status: answer.status }).toEqual({ body, status: 200 })
    }
  })

  it('C.12 an application may poll eight actions every five seconds', async () => {
    const application = await world.api.application()
    await world.api.setLimits(application.id, { perMinute: null, perHour: null })
    const bearer = `Authorization: Bearer ${await world.api.token(application)}`
    for (let second = 0; second < 60; second += 5) {
      for (let n = 0; n < 8; n += 1) {
        const answer = await world.send('responder', `GET /api/machineactions/${action}`, [bearer])
        expect({ second, status: answer.status }).toEqual({ second, status: 200 })
      }
      world.api.clock.advance('5s')
    }
  })
})
