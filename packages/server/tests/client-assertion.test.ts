// https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
import type { ApplicationCertificate, ApplicationId } from '@fleetsweep/protocol'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer, TENANT_DOMAIN } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'
import { type ClientCertificate, clientCertificate, signAssertion } from './client-certificate.ts'

const DEFENDER = 'https://api.securitycenter.microsoft.com'
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('a program with a certificate', () => {
  let api: ApiServer
  let admin: ApiCaller
  let id: ApplicationId
  let rsa: ClientCertificate
  let ec: ClientCertificate
  let rsaId: string

  const upload = (certificate: string) =>
    admin(`POST /fleet/v1/applications/${id}/certificates`, { body: { certificate } })

  beforeAll(async () => {
    api = await ApiServer.start()
    admin = await api.caller(['Fleet.Admin'])
    const made = await admin('POST /fleet/v1/applications', {
      body: { displayName: 'Certified', permissions: ['Machine.Read.All'] },
    })
    expect(made.json()).toMatchObject({ secret: null, secrets: [] })
    id = made.json<{ id: ApplicationId }>().id
    rsa = await clientCertificate(api.clock.now())
    ec = await clientCertificate(api.clock.now(), { kind: 'P-256' })
    rsaId = (await upload(rsa.pem)).json<ApplicationCertificate>().id
    expect((await upload(ec.pem)).status).toBe(201)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const endpoint = (tenant: string = api.tenant, version = '/v2.0') =>
    `${api.origin}/${tenant}/oauth2${version}/token`
  const sign = (given?: Parameters<typeof signAssertion>[2], certificate = rsa, audience = endpoint()) =>
    signAssertion(certificate, { clientId: id, audience, now: api.clock.now() }, given)
  const ask = (
    assertion: string | undefined,
    {
      fields = {},
      from,
      path = '/v2.0',
    }: { fields?: Record<string, string>; from?: string; path?: string } = {},
  ): Promise<CallAnswer> => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: id,
      scope: `${DEFENDER}/.default`,
      resource: DEFENDER,
      client_assertion_type: JWT_BEARER,
      ...(assertion === undefined ? {} : { client_assertion: assertion }),
      ...fields,
    })
    return call(api.origin, `POST /${api.tenant}/oauth2${path}/token`, {
      body: form.toString(),
      ...(from === undefined ? {} : { from }),
    })
  }
  const tokenIn = (answer: CallAnswer) => answer.json<{ access_token: string }>().access_token
  const expectRefused = (answer: CallAnswer, number: number, words: RegExp) => {
    const { error_codes, error, error_description } = answer.json<Record<string, unknown>>()
    expect({ status: answer.status, error_codes, error }).toEqual({
      status: 401,
      error_codes: [number],
      error: 'invalid_client',
    })
    expect(error_description).toMatch(words)
  }

  it('gets a token that says so, and works', async () => {
    const token = tokenIn(await ask(await sign()))
    expect(decodeJwt(token)).toMatchObject({ azpacr: '2', fsw_cred: rsaId, roles: ['Machine.Read.All'] })
    const answer = await call(api.origin, 'GET /api/machines', {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(200)
    expect(decodeJwt(tokenIn(await ask(await sign(), { path: '' })))).toMatchObject({ appidacr: '2' })
  })

  it.each([
    ['PS256 and x5t#S256', 'PS256', () => ({ 'x5t#S256': rsa.sha256.toString('base64url') })],
    ['RS256 and x5t', 'RS256', () => ({ x5t: rsa.sha1.toString('base64url') })],
    [
      'RS256 and both thumbprints',
      'RS256',
      () => ({ x5t: rsa.sha1.toString('base64url'), 'x5t#S256': rsa.sha256.toString('base64url') }),
    ],
    [
      'kid, the thumbprint as upper-case hex',
      'RS256',
      () => ({ kid: rsa.sha1.toString('hex').toUpperCase() }),
    ],
    ['kid, the thumbprint encoded', 'RS256', () => ({ kid: rsa.sha1.toString('base64url') })],
    ['kid, our id of the certificate', 'RS256', () => ({ kid: rsaId })],
  ] as const)('may sign with %s', async (_, alg, header) => {
    expect((await ask(await sign({ alg, header: header() }))).status).toBe(200)
  })

  it('may sign with ES256 where its key is on P-256', async () => {
    const header = { x5t: ec.sha1.toString('base64url') }
    expect((await ask(await sign({ alg: 'ES256', header }, ec))).status).toBe(200)
  })

  it('may name the token endpoint or the issuer as audience, by either generation and name of the tenant', async () => {
    for (const tenant of [api.tenant, TENANT_DOMAIN, api.tenant.toUpperCase()]) {
      for (const audience of [
        endpoint(tenant),
        endpoint(tenant, ''),
        `${api.origin}/${tenant}/v2.0`,
        `${api.origin}/${tenant}/`,
      ]) {
        expect((await ask(await sign({}, rsa, audience))).status).toBe(200)
      }
    }
  })

  it('needs neither nbf nor jti', async () => {
    expect((await ask(await sign({ claims: { nbf: undefined, jti: undefined } }))).status).toBe(200)
  })

  it('is refused when somebody else signed, or something else', async () => {
    const other = await clientCertificate(api.clock.now())
    const hex = other.sha256.toString('hex').toUpperCase()
    expectRefused(
      await ask(await sign({}, other)),
      700027,
      new RegExp(`^AADSTS700027: .*not found.*'${hex}'`),
    )
    const forged = await sign({ header: { 'x5t#S256': rsa.sha256.toString('base64url') } }, other)
    expectRefused(await ask(forged), 700027, /did not match/)
    const [head, , signature] = (await sign()).split('.')
    const [, body] = (await sign({ claims: { extra: 1 } })).split('.')
    expectRefused(await ask(`${head}.${body}.${signature}`), 700027, /did not match/)
    expectRefused(
      await ask(await sign({ header: { x5t: ec.sha1.toString('base64url') } })),
      700027,
      /did not match/,
    )
    const mixed = { x5t: ec.sha1.toString('base64url'), 'x5t#S256': rsa.sha256.toString('base64url') }
    expectRefused(await ask(await sign({ header: mixed })), 700027, /not found/)
  })

  it('is refused when its assertion is none', async () => {
    const none = Buffer.from(JSON.stringify({ alg: 'none', x5t: rsa.sha1.toString('base64url') })).toString(
      'base64url',
    )
    const [, body] = (await sign()).split('.')
    for (const text of ['x', 'x.y.z', `${none}.${body}.`, await sign({ claims: { exp: undefined } })]) {
      expectRefused(await ask(text), 50027, /Invalid JWT token/)
    }
    expectRefused(await ask(await sign({ header: {} })), 50027, /No certificate thumbprint/)
    const shared = Buffer.from(JSON.stringify({ alg: 'HS256', x5t: rsa.sha1.toString('base64url') }))
    expectRefused(await ask(`${shared.toString('base64url')}.${body}.AAAA`), 50027, /RS256, PS256, ES256/)
  })

  it('is refused when its assertion speaks for another program, or to another server', async () => {
    const stranger = crypto.randomUUID()
    expectRefused(await ask(await sign({ claims: { iss: stranger } })), 700021, /'client_id'/)
    expectRefused(await ask(await sign({ claims: { sub: stranger } })), 700021, /'client_id'/)
    for (const audience of [
      'https://login.microsoftonline.com/common/oauth2/token',
      endpoint(crypto.randomUUID()),
      api.origin,
    ]) {
      expectRefused(await ask(await sign({}, rsa, audience)), 700023, /'aud'/)
    }
  })

  it('is refused out of time, five minutes of difference allowed', async () => {
    const seconds = api.clock.now() / 1_000_000
    const at = async (nbf: number, exp: number) =>
      ask(await sign({ claims: { nbf: seconds + nbf, exp: seconds + exp } }))
    for (const [nbf, exp] of [
      [-600, -299],
      [299, 600],
      [0, 86_400],
    ] as const) {
      expect((await at(nbf, exp)).status).toBe(200)
    }
    for (const [nbf, exp] of [
      [-600, -300],
      [301, 600],
      [0, 86_400 + 301],
    ] as const) {
      expectRefused(await at(nbf, exp), 700024, /not within its valid time range/)
    }
  })

  it('sends one assertion as often as libraries do, but nobody else can use what they overheard', async () => {
    const assertion = await sign()
    expect((await ask(assertion)).status).toBe(200)
    expect((await ask(assertion)).status).toBe(200)
    expectRefused(await ask(assertion, { from: '127.0.0.2' }), 50027, /used before/)
    const jti = crypto.randomUUID()
    expect((await ask(await sign({ claims: { jti } }))).status).toBe(200)
    expectRefused(await ask(await sign({ claims: { jti, extra: 1 } })), 50027, /used before/)
  })

  it('is refused with half of an assertion', async () => {
    const missing = await ask(await sign(), { fields: { client_assertion_type: '' } })
    expect(missing.json()).toMatchObject({ error: 'invalid_request', error_codes: [900144] })
    const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    const other = await ask(await sign(), { fields: { client_assertion_type: saml } })
    expect(other.json()).toMatchObject({ error: 'invalid_request', error_codes: [9002313] })
    expectRefused(await ask(undefined), 7000218, /'client_assertion' or 'client_secret'/)
  })

  it('is refused while its certificate is not in force, whatever the assertion says', async () => {
    await using own = await ApiServer.start()
    const caller = await own.caller(['Fleet.Admin'])
    const { id: clientId } = (
      await caller('POST /fleet/v1/applications', { body: { displayName: 'Early', permissions: [] } })
    ).json<{ id: string }>()
    const early = await clientCertificate(own.clock.now(), { fromDay: 1, toDay: 2 })
    const added = await caller(`POST /fleet/v1/applications/${clientId}/certificates`, {
      body: { certificate: early.pem },
    })
    expect(added.status).toBe(201)
    const getToken = async (): Promise<CallAnswer> => {
      const audience = `${own.origin}/${own.tenant}/oauth2/v2.0/token`
      const client_assertion = await signAssertion(early, { clientId, audience, now: own.clock.now() })
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        scope: `${own.origin}/.default`,
        client_assertion_type: JWT_BEARER,
        client_assertion,
      })
      return call(own.origin, `POST /${own.tenant}/oauth2/v2.0/token`, { body: body.toString() })
    }
    expectRefused(await getToken(), 1000502, /validity period/)
    own.clock.advance('25h')
    expect((await getToken()).status).toBe(200)
    own.clock.advance('24h')
    expectRefused(await getToken(), 1000502, /validity period/)
  })

  it.each([
    ['nothing', (): string => '', /no certificate in PEM/],
    ['a certificate with its private key', (): string => rsa.pem + rsa.privatePem, /holds a private key/],
    ['two certificates', (): string => `${rsa.pem}\n${ec.pem}`, /more than one/],
    ['half a certificate', () => rsa.pem.slice(0, 200), /cannot be read/],
  ] as const)('cannot upload %s', async (_, pem, words) => {
    const answer = await upload(pem())
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'InvalidInput', detail: expect.stringMatching(words) })
    expect(answer.text).not.toContain('BEGIN PRIVATE KEY')
  })

  it('cannot upload the same one twice, one that is over, nor one with a weak or unknown key', async () => {
    const now = api.clock.now()
    expect((await upload(rsa.pem)).json()).toMatchObject({ detail: expect.stringMatching(/already/) })
    const over = await clientCertificate(now, { fromDay: -2, toDay: -1 })
    expect((await upload(over.pem)).json()).toMatchObject({ detail: expect.stringMatching(/ended on/) })
    const weak = await clientCertificate(now, { bits: 1_024 })
    expect((await upload(weak.pem)).json()).toMatchObject({ detail: expect.stringMatching(/1024 bits/) })
    const curve = await clientCertificate(now, { kind: 'P-384' })
    expect((await upload(curve.pem)).json()).toMatchObject({ detail: expect.stringMatching(/P-256/) })
  })

  it('loses its token at once when its certificate is revoked, and can get no other', async () => {
    const short = await clientCertificate(api.clock.now())
    const { id: certificate } = (await upload(short.pem)).json<ApplicationCertificate>()
    const token = tokenIn(await ask(await sign({}, short)))
    const read = () =>
      call(api.origin, 'GET /api/machines', { headers: { authorization: `Bearer ${token}` } })
    expect((await read()).status).toBe(200)
    const path = `DELETE /fleet/v1/applications/${id}/certificates/${certificate}`
    expect((await admin(path)).status).toBe(204)
    expect((await read()).status).toBe(401)
    expectRefused(await ask(await sign({}, short)), 700027, /not found/)
    expect((await upload(short.pem)).status).toBe(201)
  })
})
