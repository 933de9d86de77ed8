// https://www.rfc-editor.org/rfc/rfc7009
import { CLI_CLIENT_ID, CONSOLE_CLIENT_ID } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer } from './api-server.ts'
import { call } from './call.ts'
import { askForTokens, NAME, PASSWORD, signInWithCode } from './sign-in-flow.ts'

describe('ending a sign-in by its refresh token', () => {
  let api: ApiServer

  beforeAll(async () => {
    api = await ApiServer.start()
    await api.userWithPassword(NAME, PASSWORD)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const revoke = (fields: Record<string, string>) =>
    call(api.origin, `POST /${api.tenant}/oauth2/v2.0/revoke`, {
      body: new URLSearchParams(fields).toString(),
    })
  const refresh = (token: string) => askForTokens(api, { grant_type: 'refresh_token', refresh_token: token })
  const me = (token: string) =>
    call(api.origin, 'GET /fleet/v1/me', { headers: { authorization: `Bearer ${token}` } })

  it('ends every token that came from it, and no other sign-in', async () => {
    const [mine, other] = [await signInWithCode(api), await signInWithCode(api)]
    expect((await me(mine.access_token)).status).toBe(200)
    expect((await revoke({ client_id: CONSOLE_CLIENT_ID, token: mine.refresh_token })).text).toBe('{}')
    expect((await me(mine.access_token)).status).toBe(401)
    expect((await refresh(mine.refresh_token)).status).toBe(400)
    expect((await me(other.access_token)).status).toBe(200)
    expect((await refresh(other.refresh_token)).status).toBe(200)
  })

  it('is left to the program that it was given to', async () => {
    const { access_token, refresh_token } = await signInWithCode(api)
    expect((await revoke({ client_id: CLI_CLIENT_ID, token: refresh_token })).status).toBe(200)
    expect((await me(access_token)).status).toBe(200)
  })

  it.each(['', 'made-up'])('is the same to whoever asks with a token that is none: "%s"', async (token) => {
    const answer = await revoke({ client_id: CONSOLE_CLIENT_ID, token })
    expect([answer.status, answer.text]).toEqual([200, '{}'])
  })

  it('takes no program that people do not sign in with', async () => {
    const answer = await revoke({ client_id: '00000000-0000-4000-8000-000000000000', token: 'x' })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ error: 'unauthorized_client' })
  })
})
