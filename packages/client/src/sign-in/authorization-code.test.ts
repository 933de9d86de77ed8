import { CONSOLE_CLIENT_ID } from '@fleetsweep/protocol'
import { FakeServer } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beginBrowserSignIn, finishBrowserSignIn, signOutUrl } from './authorization-code.ts'

let server: FakeServer
let cookie: string

beforeEach(async () => {
  server = await new FakeServer().listen()
  cookie = ''
})
afterEach(() => server[Symbol.asyncDispose]())

describe('signing in by a browser', () => {
  it('comes back as the person who signed in', async () => {
    const { url, pending } = await begin()
    const { person, tokens } = await finish(pending, await signIn(url))
    expect(person.userPrincipalName).toBe('ada@contoso.example')
    expect(tokens.refreshToken).not.toBeNull()
  })

  it('names the program, the server as audience, and no secret', async () => {
    const { url, pending } = await begin()
    const query = Object.fromEntries(new URL(url).searchParams)
    expect(query).toMatchObject({
      client_id: CONSOLE_CLIENT_ID,
      response_type: 'code',
      scope: `${server.baseUrl}/.default offline_access openid profile`,
      code_challenge_method: 'S256',
      state: pending.state,
    })
    expect(url).not.toContain(pending.verifier)
  })

  it('never makes the same state or verifier twice', async () => {
    const [one, other] = [await begin(), await begin()]
    expect(one.pending.state).not.toBe(other.pending.state)
    expect(one.pending.verifier).not.toBe(other.pending.verifier)
  })

  it('needs no page where the server knows the session', async () => {
    await signIn((await begin()).url)
    const { url, pending } = await begin({ silent: true })
    const { person } = await finish(pending, await redirectOf(url))
    expect(person.displayName).toBe('Ada Lovelace')
  })

  it('says that the person must be asked where the server knows no session', async () => {
    const { url, pending } = await begin({ silent: true })
    await expect(finish(pending, await redirectOf(url))).rejects.toMatchObject({ code: 'SignInRequired' })
  })

  it('takes no answer that belongs to another sign-in', async () => {
    const theirs = await signIn((await begin()).url)
    const { pending } = await begin()
    await expect(finish(pending, theirs)).rejects.toMatchObject({ code: 'SignInRefused' })
    expect(server.people.signIns).toBe(0)
  })

  it('cannot redeem a code without its own verifier', async () => {
    const { url, pending } = await begin()
    const answer = await signIn(url)
    const stranger = { ...pending, verifier: 'x'.repeat(43) }
    await expect(finish(stranger, answer)).rejects.toMatchObject({ code: 'SignInRefused' })
  })

  it.each([
    ['access_denied', 'SignInDeclined'],
    ['server_error', 'SignInRefused'],
  ])('reads the answer %s as %s', async (error, code) => {
    const { pending } = await begin()
    const answer = new URLSearchParams({ error, state: pending.state, error_description: 'Why' })
    await expect(finish(pending, answer)).rejects.toMatchObject({ code, message: 'Why' })
  })
})

describe('signing out of a browser', () => {
  it('ends the session and comes back', async () => {
    const { url, pending } = await begin()
    const { idToken } = await finish(pending, await signIn(url))
    const returnTo = `${server.baseUrl}/console/`
    const answer = await visit(signOutUrl(place(), { idToken, returnTo }))
    expect(answer.headers.get('location')).toBe(returnTo)
    expect(server.people.signIns).toBe(0)
    const again = await begin({ silent: true })
    expect((await redirectOf(again.url)).get('error')).toBe('login_required')
  })
})

function place() {
  return { baseUrl: server.baseUrl, tenant: server.tenant, clientId: CONSOLE_CLIENT_ID }
}

function begin({ silent = false } = {}) {
  return beginBrowserSignIn(place(), { redirectUri: `${server.baseUrl}/console/signed-in`, silent })
}

function finish(pending: Parameters<typeof finishBrowserSignIn>[1], answer: URLSearchParams) {
  return finishBrowserSignIn(place(), pending, answer)
}

/** What a browser does with the one link of the fake page, up to the address that it is sent back to. */
async function signIn(url: string): Promise<URLSearchParams> {
  const page = await (await visit(url)).text()
  const link = /href="(\/[^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
  return redirectOf(`${server.baseUrl}${link}`)
}

async function redirectOf(url: string): Promise<URLSearchParams> {
  return new URL((await visit(url)).headers.get('location') ?? '').searchParams
}

async function visit(url: string): Promise<Response> {
  const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
  cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
  return answer
}
