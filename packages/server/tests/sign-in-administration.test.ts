import type { PasswordLink } from '@fleetsweep/protocol'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer } from './api-server.ts'
import { call } from './call.ts'
import {
  answeredWith,
  askForTokens,
  authorizeRequest,
  NAME,
  PASSWORD,
  signIn,
  type TokenAnswer,
} from './sign-in-flow.ts'
import { TestBrowser } from './test-browser.ts'

const BACK = 'https://app.example/back'
const DEFENDER = 'https://api.securitycenter.microsoft.com'

describe('administering sign-in', () => {
  let api: ApiServer
  let admin: ApiCaller

  beforeAll(async () => {
    api = await ApiServer.start()
    await api.userWithPassword(NAME, PASSWORD)
    admin = await api.caller(['Fleet.Admin'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const setSignIn = (application: string, body: object) =>
    admin(`PUT /fleet/v1/applications/${application}/signIn`, { body })
  const codeFor = async (client: string, scope: string) => {
    const { target, verifier } = authorizeRequest(api, { client_id: client, redirect_uri: BACK, scope })
    const answer = await signIn(new TestBrowser(api.origin), target)
    expect(answer.headers.location).toMatch(`${BACK}?code=`)
    return {
      grant_type: 'authorization_code',
      code: answeredWith(answer).get('code') ?? '',
      redirect_uri: BACK,
      code_verifier: verifier,
    }
  }

  describe('a registered application', () => {
    it('lets people sign in as it was told, and proves itself with its own secret', async () => {
      const { id, secret } = await api.application()
      const body = { isPublicClient: false, redirectUris: [BACK], delegatedScopes: ['Machine.Read'] }
      expect((await setSignIn(id, body)).json()).toEqual(body)
      expect((await admin(`GET /fleet/v1/applications/${id}/signIn`)).json()).toEqual(body)

      const fields = await codeFor(id, `openid ${DEFENDER}/.default`)
      const unproven = await askForTokens(api, fields, id)
      expect(unproven.json()).toMatchObject({ error: 'invalid_client', error_codes: [7_000_218] })
      const wrong = await askForTokens(api, { ...fields, client_secret: 'wrong' }, id)
      expect(wrong.json()).toMatchObject({ error: 'invalid_client', error_codes: [7_000_215] })
      const tokens = (await askForTokens(api, { ...fields, client_secret: secret }, id)).json<TokenAnswer>()
      expect(tokens.scope).toBe(`${DEFENDER}/Machine.Read ${DEFENDER}/.default openid`)
      expect(decodeJwt(tokens.access_token)).toMatchObject({
        aud: DEFENDER,
        azp: id,
        azpacr: '1',
        scp: 'Machine.Read',
      })
    })

    it('gets no scope that it was not given', async () => {
      const { id } = await api.application()
      const body = { isPublicClient: true, redirectUris: [BACK], delegatedScopes: ['Machine.Read'] }
      await setSignIn(id, body)
      const fields = await codeFor(id, 'Machine.Scan Machine.Read')
      const tokens = (await askForTokens(api, fields, id)).json<TokenAnswer>()
      expect(decodeJwt(tokens.access_token)).toMatchObject({ scp: 'Machine.Read' })
    })

    it('lets nobody sign in until it was told how, nor when its last scope is gone', async () => {
      const { id } = await api.application()
      const { target } = authorizeRequest(api, { client_id: id, redirect_uri: BACK })
      const ask = async () => (await new TestBrowser(api.origin).send('GET', target)).status
      expect(await ask()).toBe(400)
      const body = { isPublicClient: true, redirectUris: [BACK], delegatedScopes: ['Machine.Read'] }
      await setSignIn(id, body)
      expect(await ask()).toBe(303)
      await setSignIn(id, { ...body, delegatedScopes: [] })
      expect(await ask()).toBe(400)
    })

    it.each([
      ['http://app.example/back', /redirectUris/],
      ['https://app.example/back#here', /redirectUris/],
      ['https://user:word@app.example/', /redirectUris/],
      ['javascript:alert(1)', /redirectUris/],
      ['/relative', /redirectUris/],
    ])('is not told to send people to %s', async (uri, why) => {
      const { id } = await api.application()
      const body = { isPublicClient: true, redirectUris: [uri], delegatedScopes: ['Machine.Read'] }
      const refused = await setSignIn(id, body)
      expect(refused.status).toBe(400)
      expect(refused.json().detail).toMatch(why)
    })

    it('is not given a scope that there is not', async () => {
      const { id } = await api.application()
      const body = { isPublicClient: true, redirectUris: [], delegatedScopes: ['Machine.Read.All'] }
      expect((await setSignIn(id, body)).json().detail).toMatch(/Machine\.Read,/)
    })
  })

  describe('a password link', () => {
    it('is made by name or id, shown once, and works once', async () => {
      const id = await api.user('new@contoso.example')
      const made = await admin('POST /fleet/v1/users/New@contoso.example/passwordLink')
      expect(made.status).toBe(201)
      const { url, ...link } = made.json<PasswordLink>()
      expect(link).toMatchObject({ userId: id, userPrincipalName: 'new@contoso.example' })
      const newer = (await admin(`POST /fleet/v1/users/${id}/passwordLink`)).json<PasswordLink>()
      const browser = new TestBrowser(api.origin)
      expect((await browser.open(url)).status).toBe(404)
      const page = await browser.open(newer.url)
      const password = 'a word nobody says'
      const done = await browser.submit(page, { password, again: password })
      expect(done.text).toContain('Password set')
      expect((await browser.open(newer.url)).status).toBe(404)
      const answer = await signIn(new TestBrowser(api.origin), authorizeRequest(api).target, {
        name: 'new@contoso.example',
        password,
      })
      expect(answer.status).toBe(303)
    })

    it('is good for three days', async () => {
      const id = await api.user('late@contoso.example')
      const { url } = (await admin(`POST /fleet/v1/users/${id}/passwordLink`)).json<PasswordLink>()
      api.clock.advance('71h')
      expect((await new TestBrowser(api.origin).open(url)).status).toBe(200)
      api.clock.advance('2h')
      expect((await new TestBrowser(api.origin).open(url)).status).toBe(404)
    })

    it('is not made for nobody', async () => {
      admin = await api.caller(['Fleet.Admin'])
      expect((await admin('POST /fleet/v1/users/nobody@contoso.example/passwordLink')).status).toBe(404)
    })
  })

  it('tells sign-in libraries where people sign in', async () => {
    const { tenant, origin } = api
    const answer = await call(origin, `GET /${tenant}/v2.0/.well-known/openid-configuration`)
    expect(answer.json()).toMatchObject({
      issuer: `${origin}/${tenant}/v2.0`,
      authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${origin}/${tenant}/oauth2/v2.0/logout`,
      code_challenge_methods_supported: ['S256'],
    })
  })

  it('leads whoever comes by the domain of the tenant to its id', async () => {
    const query = 'client_id=x&scope=https%3A%2F%2Fa.example%2F.default'
    const answer = await new TestBrowser(api.origin).send(
      'GET',
      `/contoso.example/oauth2/v2.0/authorize?${query}`,
    )
    expect(answer.status).toBe(307)
    expect(answer.headers.location).toBe(`/${api.tenant}/oauth2/v2.0/authorize?${query}`)
  })
})
