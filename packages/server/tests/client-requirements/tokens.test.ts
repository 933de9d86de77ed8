// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TENANT_DOMAIN } from '../api-server.ts'
import { type ClientKind, ClientWorld } from './clients.ts'

const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded'
const DEFENDER = 'https://api.securitycenter.microsoft.com'

/** Everything that clients ask tokens for; our own base URL is added to it. */
const AUDIENCES = [
  'https://api.securitycenter.windows.com',
  'https://api.securitycenter.microsoft.com',
  'https://api.security.microsoft.com',
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
  'https://api-gcc.securitycenter.microsoft.us',
  'https://api-gov.securitycenter.microsoft.us',
]

describe('clients that get a token', () => {
  let world: ClientWorld

  beforeAll(async () => {
    world = await ClientWorld.open()
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const proof = () =>
    `grant_type=client_credentials&client_id=${world.application.id}&client_secret=${encodeURIComponent(world.application.secret)}`
  const v1Form = (resource = DEFENDER) => `${proof()}&resource=${encodeURIComponent(resource)}`
  const v2Form = (scope = `${DEFENDER}/.default`) => `${proof()}&scope=${encodeURIComponent(scope)}`
  const v1Path = () => `/${world.api.tenant}/oauth2/token`
  const v2Path = () => `/${world.api.tenant}/oauth2/v2.0/token`
  const ask = (client: ClientKind, requestLine: string, form: string, headers: string[] = [FORM_TYPE]) =>
    world.send(client, requestLine, headers, form)
  const listWith = async (token: unknown) =>
    (await world.send('connector', 'GET /api/machines?$top=1', [`Authorization: Bearer ${token}`])).status

  it('A.3 the token endpoint takes every oddity that is in use', async () => {
    const extra = '&redirectUri=https%3A%2F%2Flocalhost%2Fmyapp&client_info=1&x-client-SKU=MSAL.Python'
    const [v1, v2] = [`POST ${v1Path()}`, `POST ${v2Path()}`]
    const scope = `offline_access ${DEFENDER}/.default`
    const answers = {
      'no Content-Type': await ask('responder', v1, v1Form(), []),
      'no Content-Type, second generation': await ask('responder', v2, v2Form(), []),
      'a GET with the form in its body': await ask('connector', `GET ${v1Path()}`, v1Form(), []),
      'a query on the address': await ask('poller', `${v2}?client-request-id=4f1f2d4e`, v2Form()),
      'fields of a library': await ask('msal', v2, v2Form() + extra),
      offline_access: await ask('connector', v2, v2Form(scope), [FORM_TYPE]),
      'Expect: 100-continue': await world.send(
        'powershell',
        v2,
        [FORM_TYPE, 'Expect: 100-continue'],
        v2Form(),
        { expects: true },
      ),
    }
    for (const [oddity, answer] of Object.entries(answers)) {
      expect({ oddity, status: answer.status, text: answer.text }).toMatchObject({ oddity, status: 200 })
      expect(await listWith(answer.json().access_token)).toBe(200)
    }
  })

  it('A.4 both generations answer, each with numbers as its clients read them', async () => {
    const first = (await ask('powershell', `POST ${v1Path()}`, v1Form())).json()
    expect(first).toEqual({
      token_type: 'Bearer',
      expires_in: expect.stringMatching(/^\d+$/),
      ext_expires_in: expect.stringMatching(/^\d+$/),
      expires_on: expect.stringMatching(/^\d+$/),
      not_before: expect.stringMatching(/^\d+$/),
      resource: DEFENDER,
      access_token: expect.any(String),
    })
    const second = (await ask('powershell', `POST ${v2Path()}`, v2Form())).json()
    expect(second).toEqual({
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      ext_expires_in: expect.any(Number),
      access_token: expect.any(String),
    })
  })

  it('A.5 tokens are to be had, and good, for every audience in use', async () => {
    for (const audience of [...AUDIENCES, world.origin].flatMap((name) => [name, `${name}/`])) {
      const first = await ask('poller', `POST ${v1Path()}`, v1Form(audience))
      const second = await ask('poller', `POST ${v2Path()}`, v2Form(`${audience}/.default`))
      for (const answer of [first, second]) {
        expect({ audience, status: answer.status }).toEqual({ audience, status: 200 })
        expect(await listWith(answer.json().access_token)).toBe(200)
      }
    }
  })

  it('A.6 the token is a JWT that tells its permissions and its end', async () => {
    for (const answer of [
      await ask('connector', `POST ${v1Path()}`, v1Form()),
      await ask('connector', `POST ${v2Path()}`, v2Form()),
    ]) {
      const claims = decodeJwt(String(answer.json().access_token))
      expect(claims.roles).toEqual(expect.arrayContaining(['Machine.Scan', 'Machine.Read.All']))
      expect(claims.exp).toBe(Math.floor(world.api.clock.now() / 1_000_000) + 3_600)
    }
  })

  it('B.4 a tenant in a path is its id or its domain', async () => {
    for (const name of [world.api.tenant, TENANT_DOMAIN]) {
      expect((await ask('msal', `POST /${name}/oauth2/v2.0/token`, v2Form())).status).toBe(200)
      expect((await ask('responder', `POST /${name}/oauth2/token`, v1Form())).status).toBe(200)
    }
  })

  it('B.5 errors are Entra’s', async () => {
    const { id } = world.application
    const wrong = `grant_type=client_credentials&client_id=${id}&client_secret=wrong&scope=${DEFENDER}/.default`
    const answer = await ask('msal', `POST ${v2Path()}`, wrong)
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      error: 'invalid_client',
      error_description: expect.stringMatching(/^AADSTS7000215: /),
      error_codes: [7000215],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
    })
    for (const form of [
      '',
      'grant_type=password',
      `${proof()}&scope=${DEFENDER}`,
      `${proof()}&scope=x/.default`,
    ]) {
      const refused = await ask('msal', `POST ${v2Path()}`, form)
      expect({ form, status: refused.status }).toEqual({ form, status: 400 })
      expect(refused.json()).toMatchObject({
        error: expect.any(String),
        error_description: expect.stringMatching(/^AADSTS\d+: /),
      })
    }
  })
})
