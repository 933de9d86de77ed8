import { createHash, randomBytes } from 'node:crypto'
import { CONSOLE_CLIENT_ID, type TenantId } from '@fleetsweep/protocol'
import { type CallAnswer, call } from './call.ts'
import { TestBrowser } from './test-browser.ts'

export const PASSWORD = 'correct horse battery'
export const NAME = 'ada@contoso.example'

export type TokenAnswer = {
  access_token: string
  refresh_token: string
  id_token: string
  scope: string
  client_info: string
}

type Served = { origin: string; tenant: TenantId }

/** What a program needs to begin a sign-in by code. */
export function authorizeRequest({ origin, tenant }: Served, given: Record<string, string | undefined> = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const fields: Record<string, string | undefined> = {
    client_id: CONSOLE_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${origin}/console/signed-in`,
    scope: 'openid profile offline_access Machine.Scan Machine.Read',
    state: 'some-state',
    nonce: 'some-nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...given,
  }
  const query = new URLSearchParams(
    Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  return { target: `/${tenant}/oauth2/v2.0/authorize?${query}`, verifier }
}

/** Signs in with name and password, up to where the program is answered. */
export async function signIn(
  browser: TestBrowser,
  target: string,
  given: { name?: string; password?: string } = {},
): Promise<CallAnswer> {
  const page = await browser.open(target)
  return browser.submit(page, { name: given.name ?? NAME, password: given.password ?? PASSWORD })
}

/** The parameters with which a program is answered. */
export function answeredWith({ headers }: CallAnswer): URLSearchParams {
  return new URL(headers.location ?? 'none:').searchParams
}

export function askForTokens(
  { origin, tenant }: Served,
  fields: Record<string, string>,
  client: string = CONSOLE_CLIENT_ID,
): Promise<CallAnswer> {
  return call(origin, `POST /${tenant}/oauth2/v2.0/token`, {
    body: new URLSearchParams({ client_id: client, ...fields }).toString(),
  })
}

/** The whole way of the console: from nothing to tokens. */
export async function signInWithCode(
  served: Served,
  given: Record<string, string> = {},
  browser: TestBrowser = new TestBrowser(served.origin),
): Promise<TokenAnswer> {
  const { target, verifier } = authorizeRequest(served, given)
  const answer = await signIn(browser, target)
  const redeemed = await askForTokens(served, {
    grant_type: 'authorization_code',
    code: answeredWith(answer).get('code') ?? '',
    redirect_uri: `${served.origin}/console/signed-in`,
    code_verifier: verifier,
    client_info: '1',
  })
  if (redeemed.status !== 200) throw new Error(`No tokens: ${redeemed.text}`)
  return redeemed.json<TokenAnswer>()
}
