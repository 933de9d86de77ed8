// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
import { createSign, generateKeyPairSync } from 'node:crypto'
import { DEFENDER_AUDIENCES } from '@fleetsweep/protocol'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer, type Application, refusalOf, TENANT_DOMAIN } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'

const DEFENDER = 'https://api.securitycenter.microsoft.com'

describe('the token endpoint', () => {
  let api: ApiServer
  let application: Application

  beforeAll(async () => {
    api = await ApiServer.start()
    application = await api.application(['Machine.Scan', 'Machine.Read.All'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const form = (fields: Record<string, string | undefined> = {}): string => {
    const all = {
      grant_type: 'client_credentials',
      client_id: application.id,
      client_secret: application.secret,
      ...fields,
    }
    return new URLSearchParams(
      Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ).toString()
  }
  const ask = (target: string, body: string, headers: Record<string, string> = {}) =>
    call(api.origin, target, { body, headers })
  const v1 = (fields: Record<string, string | undefined> = {}) =>
    ask(`POST /${api.tenant}/oauth2/token`, form({ resource: DEFENDER, ...fields }))
  const v2 = (fields: Record<string, string | undefined> = {}) =>
    ask(`POST /${api.tenant}/oauth2/v2.0/token`, form({ scope: `${DEFENDER}/.default`, ...fields }))
  const tokenIn = (answer: CallAnswer) => answer.json<{ access_token: string }>().access_token
  const listWith = (token: string) =>
    call(api.origin, 'GET /api/machines', { headers: { authorization: `Bearer ${token}` } })

  it('answers the first version with numbers as strings', async () => {
    const answer = await v1()
    expect(answer.status).toBe(200)
    const nowSeconds = api.clock.now() / 1_000_000
    expect(answer.json()).toEqual({
      token_type: 'Bearer',
      expires_in: '3599',
      ext_expires_in: '3599',
      expires_on: String(nowSeconds + 3_600),
      not_before: String(nowSeconds),
      resource: DEFENDER,
      access_token: tokenIn(answer),
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    })
    expect(decodeJwt(tokenIn(answer))).toEqual({
      aud: DEFENDER,
      iss: `${api.origin}/${api.tenant}/`,
      iat: nowSeconds,
      nbf: nowSeconds,
      exp: nowSeconds + 3_600,
      app_displayname: 'Playbooks',
      appid: application.id,
      appidacr: '1',
      idtyp: 'app',
      fsw_cred: expect.any(String),
      oid: application.id,
      roles: ['Machine.Read.All', 'Machine.Scan'],
      sub: application.id,
      tid: api.tenant,
      uti: expect.any(String),
      ver: '1.0',
    })
  })

  it('answers the second version with numbers', async () => {
    const answer = await v2()
    expect(answer.json()).toEqual({
      token_type: 'Bearer',
      expires_in: 3_599,
      ext_expires_in: 3_599,
      access_token: tokenIn(answer),
    })
    expect(decodeJwt(tokenIn(answer))).toMatchObject({
      iss: `${api.origin}/${api.tenant}/v2.0`,
      azp: application.id,
      ver: '2.0',
    })
  })

  it.each([
    ['no Content-Type', {}],
    ['an odd Content-Type', { 'content-type': 'text/plain' }],
    ['the usual Content-Type', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }],
  ])('reads a form with %s, in a POST and in a GET', async (_, headers) => {
    for (const [method, version] of [
      ['POST', '/v2.0'],
      ['GET', '/v2.0'],
      ['POST', ''],
      ['GET', ''],
    ]) {
      const fields = form({ resource: DEFENDER, scope: `${DEFENDER}/.default` })
      const answer = await ask(`${method} /${api.tenant}/oauth2${version}/token`, fields, headers)
      expect(answer.status).toBe(200)
    }
  })

  it('ignores a query, fields that it does not know, and the case of paths and ids', async () => {
    const fields = form({
      client_id: application.id.toUpperCase(),
      scope: `offline_access ${DEFENDER}/.default`,
      redirectUri: 'https://x',
      client_info: '1',
      'x-client-sku': 'MSAL',
    })
    for (const name of [TENANT_DOMAIN, TENANT_DOMAIN.toUpperCase(), api.tenant.toUpperCase()]) {
      const answer = await ask(`POST /${name}/OAuth2/v2.0/Token/?client-request-id=1`, fields)
      expect(answer.status).toBe(200)
    }
  })

  it('takes the secret from the Authorization header', async () => {
    const basic = Buffer.from(`${application.id}:${encodeURIComponent(application.secret)}`).toString(
      'base64',
    )
    const fields = form({ client_id: undefined, client_secret: undefined, scope: `${DEFENDER}/.default` })
    const answer = await ask(`POST /${api.tenant}/oauth2/v2.0/token`, fields, {
      authorization: `Basic ${basic}`,
    })
    expect(answer.status).toBe(200)
  })

  it('issues tokens that work, for every name of the API and for its own', async () => {
    for (const audience of [
      ...DEFENDER_AUDIENCES,
      'https://API.securitycenter.microsoft.com/',
      api.origin,
      `${api.origin}/`,
    ]) {
      const first = await v1({ resource: audience })
      expect(first.json()).toMatchObject({ resource: audience })
      expect((await listWith(tokenIn(first))).status).toBe(200)
      const second = await v2({ scope: `${audience}/.default` })
      expect((await listWith(tokenIn(second))).status).toBe(200)
    }
  })

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['no secret', { client_secret: undefined }, 401, 'invalid_client', 7000218],
    ['an unknown application', { client_id: crypto.randomUUID() }, 400, 'unauthorized_client', 700016],
    ['an application that is none', { client_id: 'x' }, 400, 'unauthorized_client', 700016],
    ['no application', { client_id: undefined }, 400, 'invalid_request', 900144],
    ['no grant type', { grant_type: undefined }, 400, 'invalid_request', 900144],
    ['another grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
    ['no scope', { scope: undefined }, 400, 'invalid_request', 900144],
    ['a scope without a resource', { scope: 'openid' }, 400, 'invalid_scope', 70011],
    ['two resources', { scope: `${DEFENDER}/.default https://x/.default` }, 400, 'invalid_scope', 70011],
    [
      'an unknown resource',
      { scope: 'https://graph.microsoft.com/.default' },
      400,
      'invalid_resource',
      500011,
    ],
  ] as const)('refuses %s as Entra does', async (_, fields, status, error, number) => {
    const answer = await v2(fields)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const body = answer.json<Record<string, string>>()
    expect(body).toEqual({
      error,
      error_description: expect.stringMatching(new RegExp(`^AADSTS${number}: .* Timestamp: 2026-`)),
      error_codes: [number],
      timestamp: expect.stringMatching(/^2026-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: body.correlation_id,
      correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  it('refuses an unknown tenant', async () => {
    for (const name of [crypto.randomUUID(), 'elsewhere.example', 'common']) {
      const answer = await ask(`POST /${name}/oauth2/v2.0/token`, form({ scope: `${DEFENDER}/.default` }))
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] })
    }
  })

  it('refuses a tenant that no text can name in the same shape', async () => {
    const answer = await ask('POST /%zz/oauth2/v2.0/token', form())
    expect(answer.status).toBe(404)
    expect(answer.json()).toMatchObject({ error: 'invalid_request', error_codes: [] })
  })

  it('lets a sign-in library find everything from the authority, and check a token by itself', async () => {
    const path = `/${TENANT_DOMAIN}/v2.0/.well-known/openid-configuration`
    const document = (await call(api.origin, `GET ${path}`)).json<Record<string, string>>()
    expect(document).toMatchObject({
      issuer: `${api.origin}/${api.tenant}/v2.0`,
      token_endpoint: `${api.origin}/${api.tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${api.origin}/${api.tenant}/oauth2/v2.0/authorize`,
    })
    const keys = createRemoteJWKSet(new URL(document.jwks_uri ?? ''))
    const { payload } = await jwtVerify(tokenIn(await v2()), keys, {
      issuer: document.issuer ?? '',
      audience: DEFENDER,
      currentDate: new Date(api.clock.now() / 1_000),
    })
    expect(payload.tid).toBe(api.tenant)
    const unknown = await call(api.origin, 'GET /elsewhere.example/v2.0/.well-known/openid-configuration')
    expect(unknown.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] })
  })

  it('answers libraries that take it for one of several clouds', async () => {
    const endpoint = encodeURIComponent(`https://elsewhere.example/${TENANT_DOMAIN}/oauth2/v2.0/authorize`)
    const answer = await call(
      api.origin,
      `GET /common/discovery/instance?api-version=1.1&authorization_endpoint=${endpoint}`,
    )
    const { host } = new URL(api.origin)
    expect(answer.json()).toEqual({
      tenant_discovery_endpoint: `${api.origin}/${TENANT_DOMAIN}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    })
  })

  it.each(['https://elsewhere.example/../x', 'https://elsewhere.example/%2f', 'elsewhere', ''])(
    'names no tenant where %j names none',
    async (endpoint) => {
      const query = `api-version=1.1&authorization_endpoint=${encodeURIComponent(endpoint)}`
      const answer = await call(api.origin, `GET /common/discovery/instance?${query}`)
      expect(answer.json().tenant_discovery_endpoint).toBe(
        `${api.origin}/common/v2.0/.well-known/openid-configuration`,
      )
    },
  )

  describe('a token', () => {
    const expectRefused = async (token: string) => {
      const answer = await listWith(token)
      expect(refusalOf(answer)).toMatchObject({ status: 401, code: 'Unauthorized' })
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    const rewritten = (
      token: string,
      change: (claims: Record<string, unknown>) => void,
      signed?: boolean,
    ) => {
      const [head = '', body = '', signature = ''] = token.split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      change(claims)
      const input = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      return `${input}.${signed ? createSign('sha256').update(input).sign(privateKey, 'base64url') : signature}`
    }

    it('is good for an hour and no longer', async () => {
      const token = tokenIn(await v2())
      expect((await listWith(token)).status).toBe(200)
      api.clock.advance('59m')
      expect((await listWith(token)).status).toBe(200)
      api.clock.advance('1m')
      await expectRefused(token)
      const fresh = tokenIn(await v2())
      api.clock.jump('2h')
      await expectRefused(fresh)
    })

    it('is good only as it was issued', async () => {
      const token = tokenIn(await v2())
      await expectRefused('')
      await expectRefused('x.y.z')
      await expectRefused(token.slice(0, -2))
      await expectRefused(rewritten(token, (claims) => (claims.roles = ['Fleet.Admin'])))
      await expectRefused(rewritten(token, () => {}, true))
      const [, body = ''] = token.split('.')
      const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
      await expectRefused(`${none}.${body}.`)
      await expectRefused(rewritten(token, (claims) => (claims.tid = crypto.randomUUID())))
    })

    it('is not good at another server, nor in another tenant', async () => {
      const token = tokenIn(await v2())
      await using elsewhere = await ApiServer.start()
      const answer = await call(elsewhere.origin, 'GET /api/machines', {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(answer.status).toBe(401)
    })

    it('may do what it says and its application still holds', async () => {
      const reader = await api.application(['Machine.Read.All'])
      const token = await api.token(reader)
      const path = '/api/machineactions/x/cancel'
      const answer = await call(api.origin, `POST ${path}`, { headers: { authorization: `Bearer ${token}` } })
      expect(refusalOf(answer)).toEqual({
        status: 403,
        code: 'Forbidden',
        message: 'This needs the permission Machine.Scan',
      })
    })
  })
})
