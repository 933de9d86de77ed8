import { CLI_CLIENT_ID } from '@fleetsweep/protocol'
import { FakeServer, SwiftRuntime } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beginDeviceSignIn } from './device-code.ts'

let server: FakeServer
let runtime: SwiftRuntime

beforeEach(async () => {
  server = await new FakeServer().listen()
  runtime = new SwiftRuntime()
})
afterEach(() => server[Symbol.asyncDispose]())

describe('signing in by a device code', () => {
  it('shows where to enter which code, and says who did', async () => {
    const signIn = await begin()
    expect(signIn).toMatchObject({
      userCode: expect.stringMatching(/^[0-9A-F]{4}-[0-9A-F]{4}$/),
      verificationUri: `${server.baseUrl}/contoso.example/device`,
      goodForMs: 900_000,
    })
    server.people.decide(signIn.userCode, 'approved')
    const { person, tokens } = await signIn.wait()
    expect(person).toEqual({
      userPrincipalName: 'ada@contoso.example',
      displayName: 'Ada Lovelace',
      tenant: server.tenant,
    })
    expect(tokens).toMatchObject({ goodForMs: 3_600_000, refreshToken: expect.any(String) })
  })

  it('asks no more often than the server wants, and less often when told to slow down', async () => {
    const signIn = await begin()
    let pauses = 0
    runtime.meanwhile = () => {
      pauses += 1
      if (pauses === 2) refuseToken(400, '{"error":"slow_down"}')
      if (pauses === 4) server.people.decide(signIn.userCode, 'approved')
    }
    await signIn.wait()
    expect(runtime.pauses).toEqual([1_000, 1_000, 6_000, 6_000])
  })

  it('goes on after an answer that got lost, and waits as long as a busy server asks', async () => {
    const signIn = await begin()
    let pauses = 0
    runtime.meanwhile = () => {
      pauses += 1
      if (pauses === 1) runtime.failNext(1)
      if (pauses === 2) refuseToken(503, '', { 'Retry-After': '20' })
      if (pauses === 3) server.people.decide(signIn.userCode, 'approved')
    }
    await signIn.wait()
    expect(runtime.pauses).toEqual([1_000, 1_000, 20_000])
  })

  it('ends with its code, whatever the server says', async () => {
    const signIn = await begin()
    await expect(signIn.wait()).rejects.toMatchObject({ code: 'SignInExpired' })
    expect(runtime.clock.monotonicMs()).toBeLessThan(900_000)
  })

  it.each([
    ['declined', 'SignInDeclined'],
    ['expired', 'SignInExpired'],
  ] as const)('says when it was %s', async (state, code) => {
    const signIn = await begin()
    server.people.decide(signIn.userCode, state)
    await expect(signIn.wait()).rejects.toMatchObject({ code })
  })

  it('stops when its caller does', async () => {
    const signIn = await begin()
    const abort = new AbortController()
    runtime.meanwhile = () => abort.abort(new Error('enough'))
    await expect(signIn.wait({ signal: abort.signal })).rejects.toThrow('enough')
  })

  it('says why the server gives no code', async () => {
    const body = '{"error":"unauthorized_client","error_description":"AADSTS700016: No such program."}'
    server.refuseNext({ path: /devicecode/, status: 400, body })
    await expect(begin()).rejects.toMatchObject({
      code: 'SignInRefused',
      message: 'AADSTS700016: No such program.',
    })
  })
})

function begin() {
  const place = { baseUrl: server.baseUrl, tenant: 'contoso.example', clientId: CLI_CLIENT_ID }
  return beginDeviceSignIn(place, {}, runtime)
}

function refuseToken(status: number, body: string, headers: Record<string, string> = {}): void {
  server.refuseNext({ path: /token/, status, body, headers })
}
