import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CLI_CLIENT_ID, CONSOLE_CLIENT_ID, type TenantId, type UserId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer, postgresDatabase, sqliteDatabase } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'
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

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('a sign-in on %s', (_, openDatabase) => {
  let api: ApiServer
  let user: UserId

  beforeAll(async () => {
    api = await ApiServer.start(openDatabase)
    user = await api.userWithPassword(NAME, PASSWORD)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const redirect = () => `${api.origin}/console/signed-in`
  const freshCode = async (given: Record<string, string | undefined> = {}) => {
    const { target, verifier } = authorizeRequest(api, given)
    const answer = await signIn(new TestBrowser(api.origin), target)
    return {
      grant_type: 'authorization_code',
      code: answeredWith(answer).get('code') ?? '',
      redirect_uri: redirect(),
      code_verifier: verifier,
    }
  }
  const refresh = (token: string, client: string = CONSOLE_CLIENT_ID) =>
    askForTokens(api, { grant_type: 'refresh_token', refresh_token: token }, client)
  const statusOf = async (token: string) =>
    (await call(api.origin, 'GET /fleet/v1/me', { headers: { authorization: `Bearer ${token}` } })).status
  const expectRefused = (answer: CallAnswer, status: number, error: string) =>
    expect({ status: answer.status, error: answer.json().error }).toEqual({ status, error })

  describe('gives nothing for a code', () => {
    it('that was used, and takes back what it gave for it', async () => {
      const fields = await freshCode()
      const tokens = (await askForTokens(api, fields)).json<TokenAnswer>()
      expect(await statusOf(tokens.access_token)).toBe(200)
      expectRefused(await askForTokens(api, fields), 400, 'invalid_grant')
      expectRefused(await refresh(tokens.refresh_token), 400, 'invalid_grant')
      api.clock.advance('1s')
      expect(await statusOf(tokens.access_token)).toBe(401)
    })

    it.each([
      ['of another client', { client: CLI_CLIENT_ID }, 'invalid_grant'],
      ['with the wrong verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
      ['with another redirect URI', { redirect_uri: 'https://evil.example/' }, 'invalid_grant'],
      ['that was never given', { code: 'made-up' }, 'invalid_grant'],
      ['with a secret that a public client cannot have', { client_secret: 'x' }, 'invalid_client'],
    ])('%s', async (_, { client, ...changed }: Record<string, string>, error) => {
      const answer = await askForTokens(api, { ...(await freshCode()), ...changed }, client)
      expect(answer.json()).toMatchObject({ error })
    })

    it('that is a minute old', async () => {
      const fields = await freshCode()
      api.clock.advance('61s')
      const answer = await askForTokens(api, fields)
      expect(answer.json()).toMatchObject({ error: 'invalid_grant', error_codes: [70_008] })
    })

    it('in another tenant', async () => {
      const other = randomUUID() as TenantId
      await api.stores.tenants.create({ id: other, domain: 'fabrikam.example', displayName: 'Fabrikam' })
      await api.addKeys(other)
      const answer = await askForTokens({ origin: api.origin, tenant: other }, await freshCode())
      expectRefused(answer, 400, 'invalid_grant')
    })
  })

  describe('sends nobody anywhere', () => {
    it.each([
      ['that is not registered', { redirect_uri: 'https://evil.example/' }],
      ['that only begins as what is', { redirect_uri: 'REDIRECT.evil.example/' }],
      ['that is the same on another port', { redirect_uri: 'http://127.0.0.1:1/console/signed-in' }],
      ['for a client that nobody knows', { client_id: randomUUID() }],
    ])('%s', async (_, given: { redirect_uri?: string; client_id?: string }) => {
      const uri = given.redirect_uri?.replace('REDIRECT', redirect())
      const { target } = authorizeRequest(api, { ...given, ...(uri ? { redirect_uri: uri } : {}) })
      const answer = await new TestBrowser(api.origin).send('GET', target)
      expect(answer.status).toBe(400)
      expect(answer.headers.location).toBeUndefined()
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.text).not.toContain('evil.example')
    })

    it.each([
      ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['for a token in the answer', { response_type: 'token' }, 'unsupported_response_type'],
      [
        'for a resource that is not ours',
        { scope: 'https://graph.microsoft.com/.default' },
        'invalid_target',
      ],
      [
        'for two resources at once',
        {
          scope:
            'https://api.securitycenter.microsoft.com/Machine.Read https://api.security.microsoft.com/Machine.Read',
        },
        'invalid_scope',
      ],
    ])('who asks %s, but tells the program', async (_, given, error) => {
      const { target } = authorizeRequest(api, given)
      const answer = await new TestBrowser(api.origin).send('GET', target)
      const { location = '' } = answer.headers
      const told = new URLSearchParams(location.split(/[?#]/)[1])
      expect(location).toMatch(redirect())
      expect(told.get('error')).toBe(error)
      expect(told.get('state')).toBe('some-state')
    })

    it('after signing out, unless it is registered', async () => {
      const target = `/${api.tenant}/oauth2/v2.0/logout?client_id=${CONSOLE_CLIENT_ID}&post_logout_redirect_uri=`
      const browser = new TestBrowser(api.origin)
      const evil = await browser.send('GET', `${target}${encodeURIComponent('https://evil.example/')}`)
      expect(evil.status).toBe(400)
      expect(evil.headers.location).toBeUndefined()
      const known = await browser.send('GET', `${target}${encodeURIComponent(`${api.origin}/console/`)}`)
      expect(known.headers.location).toBe(`${api.origin}/console/`)
    })
  })

  describe('takes a password from nobody', () => {
    const page = async () => {
      const browser = new TestBrowser(api.origin)
      const shown = await browser.open(authorizeRequest(api).target)
      return { browser, shown, url: browser.url }
    }
    const right = { name: NAME, password: PASSWORD }

    it('who sends the form from another site', async () => {
      const { browser, url } = await page()
      for (const origin of ['https://evil.example', 'null']) {
        const answer = await browser.send('POST', url, right, { origin })
        expect(answer.status).toBe(403)
        expect(answer.text).toContain('sent from another site')
      }
    })

    it('without the cookie that goes with the page, or with one that was tampered with', async () => {
      const { browser, url } = await page()
      expect((await new TestBrowser(api.origin).send('POST', url, right)).status).toBe(400)
      const cookie = browser.cookies.get('fleetsweep_interaction')
      if (cookie) cookie.value = `${cookie.value.slice(0, -1)}${cookie.value.endsWith('x') ? 'y' : 'x'}`
      expect((await browser.send('POST', url, right)).status).toBe(400)
    })

    it('who sends the form a second time', async () => {
      const { browser, shown, url } = await page()
      expect((await browser.submit(shown, right)).status).toBe(303)
      expect((await browser.send('POST', url, right)).status).toBe(400)
    })

    it('who comes half an hour late', async () => {
      const { browser, shown } = await page()
      api.clock.advance('31m')
      const answer = await browser.submit(shown, right)
      expect(answer.status).toBe(400)
      expect(answer.text).toContain('This sign-in has expired')
    })

    it('who is disabled, and tells nobody whether they exist', async () => {
      const disabled = await api.userWithPassword('gone@contoso.example', PASSWORD)
      const audit = {
        id: randomUUID(),
        principal: { kind: 'operator', id: 'test', name: 'test' },
        operation: 'test',
        target: disabled,
        detail: {},
      } as const
      await api.of.users.change(disabled, { disabled: true }, audit)
      const texts = new Set<string>()
      for (const name of ['gone@contoso.example', 'never@contoso.example', NAME]) {
        const { browser, shown } = await page()
        const password = name === NAME ? 'not the password' : PASSWORD
        const answer = await browser.submit(shown, { name, password })
        expect(answer.status).toBe(401)
        texts.add(answer.text.replaceAll(name, 'NAME'))
      }
      expect(texts.size).toBe(1)
    })
  })

  it.each(['POST /device', 'GET /device/0'])(
    'has expired for %s without the session of its page',
    async (target) => {
      const answer = await call(api.origin, target.replace('/', `/${api.tenant}/`))
      expect(answer.status).toBe(400)
      expect(answer.text).toContain('This sign-in has expired')
    },
  )

  it('waits longer with each wrong password, tells how long, and takes no right one meanwhile', async () => {
    const name = 'guessed@contoso.example'
    await api.userWithPassword(name, PASSWORD)
    const attempt = async (password: string) => {
      const browser = new TestBrowser(api.origin)
      return browser.submit(await browser.open(authorizeRequest(api).target), { name, password })
    }
    for (let guess = 1; guess <= 5; guess += 1) expect((await attempt('not the password')).status).toBe(401)
    const early = await attempt(PASSWORD)
    expect({ status: early.status, after: early.headers['retry-after'] }).toEqual({ status: 429, after: '5' })
    api.clock.advance('4s')
    expect((await attempt(PASSWORD)).headers['retry-after']).toBe('1')
    api.clock.advance('1s')
    expect((await attempt('still not it')).status).toBe(401)
    expect((await attempt(PASSWORD)).headers['retry-after']).toBe('10')
    api.clock.advance('10s')
    expect((await attempt(PASSWORD)).status).toBe(303)
    // Success clears: the next mistake costs nothing again.
    expect((await attempt('not the password')).status).toBe(401)
    expect((await attempt(PASSWORD)).status).toBe(303)
  })

  it('gives a refresh token’s worth to its own client alone, and to nobody who is disabled', async () => {
    const tokens = await signInWithCode(api)
    expectRefused(await refresh(tokens.refresh_token, CLI_CLIENT_ID), 400, 'invalid_grant')
    const audit = (operation: string) => ({
      id: randomUUID(),
      principal: { kind: 'operator', id: 'test', name: 'test' } as const,
      operation,
      target: user,
      detail: {},
    })
    await api.of.users.change(user, { disabled: true }, audit('test.disable'))
    expectRefused(await refresh(tokens.refresh_token), 400, 'invalid_grant')
    await api.of.users.change(user, { disabled: false }, audit('test.enable'))
    expect((await refresh(tokens.refresh_token)).status).toBe(200)
  })

  it('ends everywhere with a new password', async () => {
    const browser = new TestBrowser(api.origin)
    const tokens = await signInWithCode(api, {}, browser)
    api.clock.advance('1s')
    await api.setPassword(user, PASSWORD)
    api.clock.advance('1s')
    expect(await statusOf(tokens.access_token)).toBe(401)
    expectRefused(await refresh(tokens.refresh_token), 400, 'invalid_grant')
    const again = await browser.open(authorizeRequest(api, { prompt: 'none' }).target)
    expect(answeredWith(again).get('error')).toBe('login_required')
  })

  it('ends at once when the program sends the ID token, and asks when it does not', async () => {
    const browser = new TestBrowser(api.origin)
    const tokens = await signInWithCode(api, {}, browser)
    const logout = `/${api.tenant}/oauth2/v2.0/logout`
    const asked = await browser.open(logout)
    expect(asked.text).toContain('You will be signed out of Fleetsweep in this browser.')
    const forged = await browser.submit(asked, { token: 'x'.repeat(43) })
    expect(forged.text).toContain('Sign out?')
    expect(await statusOf(tokens.access_token)).toBe(200)

    const query = new URLSearchParams({
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: `${api.origin}/console/`,
      state: 'out',
    })
    const out = await browser.open(`${logout}?${query}`)
    expect(out.headers.location).toBe(`${api.origin}/console/?state=out`)
    api.clock.advance('1s')
    expect(await statusOf(tokens.access_token)).toBe(401)
    expectRefused(await refresh(tokens.refresh_token), 400, 'invalid_grant')
  })

  it('follows the keys of the tenant when they change', async () => {
    const before = await signInWithCode(api)
    await api.addKeys(api.tenant)
    api.clock.advance('11s')
    const after = (await refresh(before.refresh_token)).json<TokenAnswer>()
    const kid = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    expect(kid(after.access_token)).not.toBe(kid(before.access_token))
    expect(await statusOf(after.access_token)).toBe(200)
  })
})

it('what is kept of a sign-in is of no use to whoever reads the database', async () => {
  const database = await sqliteDatabase()
  await using api = await ApiServer.start(async () => database)
  await api.userWithPassword(NAME, PASSWORD)
  const browser = new TestBrowser(api.origin)
  const tokens = await signInWithCode(api, {}, browser)
  const path = 'path' in database.database ? database.database.path : ''
  const bytes = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('')
  expect(bytes).toContain('AuthorizationCode')
  const held = [tokens.refresh_token, PASSWORD, ...[...browser.cookies.values()].map(({ value }) => value)]
  for (const secret of held) expect(bytes).not.toContain(secret)
})
