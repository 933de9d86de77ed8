// https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-list
import { API_HOSTS, CLI_CLIENT_ID, LOGIN_HOSTS } from '@fleetsweep/protocol'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '../src/operations.ts'
import { ApiServer, type Application, sqliteDatabase } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'
import { authorizeRequest } from './sign-in-flow.ts'

const API_ALIAS = 'api.security.microsoft.com'
const LOGIN_ALIAS = 'login.microsoftonline.com'
const EVIL = 'evil.example'

describe('the names of a server', () => {
  let api: ApiServer
  let application: Application
  let token: string

  beforeAll(async () => {
    api = await ApiServer.start(sqliteDatabase, {
      aliases: { api: API_HOSTS.commercial, login: [LOGIN_ALIAS] },
    })
    application = await api.application()
    token = await api.token(application)
    await api.machine(1)
    await api.machine(2)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const ask = (target: string, host: string, headers: Record<string, string> = {}) =>
    call(api.origin, target, { headers: { authorization: `Bearer ${token}`, ...headers, host } })
  const askForToken = (host: string) =>
    call(api.origin, `POST /${api.tenant}/oauth2/v2.0/token`, {
      headers: { host },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: application.id,
        client_secret: application.secret,
        scope: `https://${API_ALIAS}/.default`,
      }).toString(),
    })
  const everything = ({ headers, text }: CallAnswer) => JSON.stringify(headers) + text

  it('stand in the context as the caller wrote them', async () => {
    for (const [host, origin] of [
      [new URL(api.origin).host, api.origin],
      [API_ALIAS, `https://${API_ALIAS}`],
      [`${API_ALIAS.toUpperCase()}:443`, `https://${API_ALIAS}`],
    ] as const) {
      const body = (await ask('GET /api/machines', host)).json()
      expect(body['@odata.context']).toBe(`${origin}/api/$metadata#Machines`)
    }
  })

  it('stand in the discovery of a login host, and its tokens are good', async () => {
    const issuer = `https://${LOGIN_ALIAS}/${api.tenant}/v2.0`
    const path = `/${api.tenant}/v2.0/.well-known/openid-configuration`
    expect((await ask(`GET ${path}`, LOGIN_ALIAS)).json()).toMatchObject({
      issuer,
      token_endpoint: `https://${LOGIN_ALIAS}/${api.tenant}/oauth2/v2.0/token`,
      jwks_uri: `https://${LOGIN_ALIAS}/${api.tenant}/discovery/v2.0/keys`,
    })
    const instance = await ask('GET /common/discovery/instance?authorization_endpoint=x', LOGIN_ALIAS)
    expect(instance.json()).toMatchObject({ metadata: [{ preferred_network: LOGIN_ALIAS }] })
    const { access_token } = (await askForToken(LOGIN_ALIAS)).json<{ access_token: string }>()
    expect(decodeJwt(access_token).iss).toBe(issuer)
    const answer = await ask('GET /api/machines', API_ALIAS, { authorization: `Bearer ${access_token}` })
    expect(answer.status).toBe(200)
  })

  it.each([
    [API_ALIAS, 'GET /console'],
    [API_ALIAS, 'GET /'],
    [API_ALIAS, 'GET /fleet/v1/detections'],
    [API_ALIAS, 'GET /%66leet/v1/detections'],
    [API_ALIAS, 'POST /:tenant/oauth2/v2.0/token'],
    [API_ALIAS, 'GET /:tenant/v2.0/.well-known/openid-configuration'],
    [LOGIN_ALIAS, 'GET /api/machines'],
    [LOGIN_ALIAS, 'GET /%61pi/machines'],
    [LOGIN_ALIAS, 'GET /api/v1.0/machines'],
    [LOGIN_ALIAS, 'GET /fleet/v1/detections'],
    [LOGIN_ALIAS, 'GET /console/actions'],
  ])('do no more than the name says: %s does not answer %s', async (host, target) => {
    const answer = await ask(target.replace(':tenant', api.tenant), host)
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('There is nothing at this path')
  })

  it.each([API_ALIAS, LOGIN_ALIAS, EVIL])('never lead a sign-in to the console of %s', async (host) => {
    for (const at of [new URL(api.origin).host, LOGIN_ALIAS]) {
      const { target } = authorizeRequest(api, { redirect_uri: `https://${host}/console/signed-in` })
      const answer = await call(api.origin, `GET ${target}`, { headers: { host: at } })
      expect(answer.status).toBe(400)
      expect(answer.headers.location).toBeUndefined()
    }
  })

  it('stand in the sign-in by device code of a login host, with what its page needs', async () => {
    const answer = await call(api.origin, `POST /${api.tenant}/oauth2/v2.0/devicecode`, {
      headers: { host: LOGIN_ALIAS },
      body: new URLSearchParams({ client_id: CLI_CLIENT_ID, scope: 'openid' }).toString(),
    })
    expect(answer.json().verification_uri).toBe(`https://${LOGIN_ALIAS}/${api.tenant}/device`)
    expect((await ask(`GET /${api.tenant}/device`, LOGIN_ALIAS)).status).toBe(200)
    expect((await ask('GET /assets/sign-in.css', LOGIN_ALIAS)).status).toBe(200)
  })

  it('do not open the channel of agents at an alias', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    const answer = await ask('GET /fleet/v1/agent/channel', API_ALIAS, upgrade)
    expect(answer.status).toBe(404)
  })

  it('are the server’s own where the Host is not listed, aliases that nobody configured among them', async () => {
    for (const host of [EVIL, API_HOSTS.gcc[0], LOGIN_HOSTS[1]]) {
      const answer = await ask('GET /api/machines?$top=1', host)
      expect(answer.status).toBe(200)
      expect(everything(answer)).not.toContain(host)
    }
  })

  it.each(operations.map((operation) => [operation.route, operation] as const))(
    'are never taken from the caller: %s',
    async (_, { method, path, answers }) => {
      const filled = path.replace('/:tenant/', `/${api.tenant}/`).replaceAll(/:\w+/g, 'x')
      const forged = {
        'x-forwarded-host': EVIL,
        'x-forwarded-proto': 'gopher',
        'x-forwarded-for': EVIL,
        forwarded: `host=${EVIL};proto=gopher`,
        'x-original-url': `https://${EVIL}/`,
        origin: `https://${EVIL}`,
        referer: `https://${EVIL}/`,
      }
      // With and without a token: what is refused names no host either. A stream has no end to wait for.
      const authorizations = answers[200] === 'text/event-stream' ? [''] : [`Bearer ${token}`, '']
      for (const authorization of authorizations) {
        for (const target of [filled, `http://${EVIL}${filled}`]) {
          const answer = await ask(`${method} ${target}?$top=1`, EVIL, { ...forged, authorization })
          expect(everything(answer)).not.toMatch(/evil|gopher/)
        }
      }
    },
  )

  it.each(['GET /', 'GET /console', 'GET /console/x.js', 'GET /nothing', 'POST /api/machines', 'GET /%zz'])(
    'are never taken from the caller where there is no operation: %s',
    async (target) => {
      const answer = await ask(target, EVIL, { 'x-forwarded-host': EVIL })
      expect(everything(answer)).not.toContain('evil')
    },
  )

  it('are never taken from the caller where a scan is refused for another one', async () => {
    const machineId = await api.machine(3)
    const scan = (ScanType: string) =>
      call(api.origin, `POST /api/machines/${machineId}/runAntiVirusScan`, {
        headers: { authorization: `Bearer ${token}`, host: EVIL },
        body: { Comment: 'Test', ScanType },
      })
    expect((await scan('Quick')).status).toBe(201)
    const refused = await scan('Full')
    expect(refused.status).toBe(400)
    expect(refused.headers.link).toMatch(/^<http:\/\/localhost:\d+\/api\/machineactions\//)
    expect(everything(refused)).not.toContain('evil')
  })
})
