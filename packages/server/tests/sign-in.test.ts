// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-device-code
import { CLI_CLIENT_ID, CONSOLE_CLIENT_ID, type UserId } from '@fleetsweep/protocol'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer, postgresDatabase, sqliteDatabase } from './api-server.ts'
import { call } from './call.ts'
import {
  answeredWith,
  askForTokens,
  authorizeRequest,
  NAME,
  PASSWORD,
  signIn,
  signInWithCode,
  type TokenAnswer,
} from './sign-in-flow.ts'
import { TestBrowser } from './test-browser.ts'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('signing in on %s', (_, openDatabase) => {
  let api: ApiServer
  let user: UserId

  beforeAll(async () => {
    api = await ApiServer.start(openDatabase)
    user = await api.userWithPassword(NAME, PASSWORD)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const me = (token: string) =>
    call(api.origin, 'GET /api/machines', { headers: { authorization: `Bearer ${token}` } })
  const redeem = (code: string, verifier: string) =>
    askForTokens(api, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${api.origin}/console/signed-in`,
      code_verifier: verifier,
    })
  const refresh = (token: string, more: Record<string, string> = {}) =>
    askForTokens(api, { grant_type: 'refresh_token', refresh_token: token, ...more })

  describe('by code', () => {
    it('leads from the program to its page, and back with a code', async () => {
      const browser = new TestBrowser(api.origin)
      const { target, verifier } = authorizeRequest(api)
      const page = await browser.open(target)
      expect(page.status).toBe(200)
      expect(page.text).toContain('to continue to Fleetsweep console')
      const answer = await browser.submit(page, { name: NAME.toUpperCase(), password: PASSWORD })
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toMatch(`${api.origin}/console/signed-in?`)
      expect(answeredWith(answer).get('state')).toBe('some-state')
      expect(answeredWith(answer).get('iss')).toBe(`${api.origin}/${api.tenant}/v2.0`)

      const redeemed = await redeem(answeredWith(answer).get('code') ?? '', verifier)
      expect(redeemed.status).toBe(200)
      expect(redeemed.json()).toEqual({
        token_type: 'Bearer',
        expires_in: 3_599,
        ext_expires_in: 3_599,
        scope: 'Machine.Scan Machine.Read openid profile',
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        id_token: expect.any(String),
      })
    })

    it('gives tokens in Entra’s dialect, signed by the keys of the tenant', async () => {
      const tokens = await signInWithCode(api)
      const nowSeconds = Math.floor(api.clock.now() / 1_000_000)
      const keys = createRemoteJWKSet(new URL(`${api.origin}/${api.tenant}/discovery/v2.0/keys`))
      const currentDate = new Date(nowSeconds * 1_000)
      const { payload } = await jwtVerify(tokens.id_token, keys, { currentDate })
      expect(payload).toEqual({
        aud: CONSOLE_CLIENT_ID,
        iss: `${api.origin}/${api.tenant}/v2.0`,
        iat: nowSeconds,
        nbf: nowSeconds,
        exp: nowSeconds + 3_600,
        name: NAME,
        nonce: 'some-nonce',
        oid: user,
        preferred_username: NAME,
        sid: expect.any(String),
        sub: user,
        tid: api.tenant,
        uti: expect.any(String),
        ver: '2.0',
      })
      expect(decodeJwt(tokens.access_token)).toMatchObject({
        aud: api.origin,
        azp: CONSOLE_CLIENT_ID,
        azpacr: '0',
        exp: nowSeconds + 3_600,
        idtyp: 'user',
        oid: user,
        scp: 'Machine.Scan Machine.Read',
        sid: payload.sid,
        tid: api.tenant,
      })
      expect(JSON.parse(Buffer.from(tokens.client_info, 'base64url').toString())).toEqual({
        uid: user,
        utid: api.tenant,
      })
      // They are somebody, and may do what their role says: nothing yet.
      expect((await me(tokens.access_token)).status).toBe(403)
    })

    it('asks nobody twice in one browser, and a silent program nothing at all', async () => {
      const browser = new TestBrowser(api.origin)
      await signInWithCode(api, {}, browser)
      const again = authorizeRequest(api, { prompt: 'none' })
      const answer = await browser.open(again.target)
      expect((await redeem(answeredWith(answer).get('code') ?? '', again.verifier)).status).toBe(200)
      const stranger = await new TestBrowser(api.origin).open(
        authorizeRequest(api, { prompt: 'none' }).target,
      )
      expect(answeredWith(stranger).get('error')).toBe('login_required')
    })
  })

  describe('by device code', () => {
    const start = async (scope = 'openid offline_access Machine.Read') =>
      (
        await call(api.origin, `POST /${api.tenant}/oauth2/v2.0/devicecode`, {
          body: new URLSearchParams({ client_id: CLI_CLIENT_ID, scope }).toString(),
        })
      ).json<{ user_code: string; device_code: string; verification_uri: string; message: string }>()
    const poll = (code: string, grant = DEVICE_GRANT) =>
      askForTokens(api, { grant_type: grant, device_code: code }, CLI_CLIENT_ID)

    it('waits for the person, who confirms and signs in, and is redeemed once', async () => {
      const started = await start()
      expect(started).toEqual({
        user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
        device_code: expect.any(String),
        verification_uri: `${api.origin}/${api.tenant}/device`,
        verification_uri_complete: `${api.origin}/${api.tenant}/device?user_code=${started.user_code}`,
        expires_in: 900,
        interval: 5,
        message: `To sign in, use a web browser to open the page ${api.origin}/${api.tenant}/device and enter the code ${started.user_code} to authenticate.`,
      })
      const pending = await poll(started.device_code)
      expect(pending.status).toBe(400)
      expect(pending.json()).toMatchObject({ error: 'authorization_pending', error_codes: [70016] })

      const browser = new TestBrowser(api.origin)
      const entry = await browser.open(started.verification_uri)
      const confirmation = await browser.submit(entry, { user_code: started.user_code.toLowerCase() })
      expect(confirmation.text).toContain('Fleetsweep command line')
      expect(confirmation.text).toContain('Machine.Read')
      const page = await browser.submit(confirmation, { confirm: 'yes' })
      const done = await browser.submit(page, { name: NAME, password: PASSWORD })
      expect(done.text).toContain('You have signed in to Fleetsweep command line')

      const tokens = (await poll(started.device_code)).json<TokenAnswer>()
      expect(decodeJwt(tokens.access_token)).toMatchObject({ oid: user, azp: CLI_CLIENT_ID })
      expect((await poll(started.device_code)).json()).toMatchObject({ error: 'invalid_grant' })
      // Whoever redeemed it twice may not be the same: what the first one got is over.
      api.clock.advance('1s')
      expect((await me(tokens.access_token)).status).toBe(401)
    })
  })

  it('rotates refresh tokens, and ends the sign-in when an old one comes back', async () => {
    const first = await signInWithCode(api)
    const second = (await refresh(first.refresh_token)).json<TokenAnswer>()
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await me(second.access_token)).status).toBe(403)
    const reused = await refresh(first.refresh_token)
    expect(reused.json()).toMatchObject({ error: 'invalid_grant', error_codes: [54005] })
    expect((await refresh(second.refresh_token)).json()).toMatchObject({ error: 'invalid_grant' })
    api.clock.advance('1s')
    expect((await me(second.access_token)).status).toBe(401)
  })

  it('gives tokens for a code once at most, however many redeem it at the same moment', async () => {
    const browser = new TestBrowser(api.origin)
    const { target, verifier } = authorizeRequest(api)
    const code = answeredWith(await signIn(browser, target)).get('code') ?? ''
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeem(code, verifier)))
    // One that comes a little later is reuse, which can end the sign-in before the first has its tokens.
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual(
      expect.arrayContaining([400, 400, 400, 400]),
    )
  })
})
