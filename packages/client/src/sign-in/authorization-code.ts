import { Type } from 'typebox'
import { ClientError } from '../client-error.ts'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { fitting } from '../read-answer.ts'
import { base64url } from './base64url.ts'
import { callOAuth, oauthUrl, readable, refused, type SignInPlace } from './oauth-call.ts'
import { readSignIn, type SignedIn, SignInAnswer, signInScope } from './person.ts'

/** What a sign-in that is under way must remember until its answer comes. It is secret for that long. */
export type PendingSignIn = { tenant: string; redirectUri: string; state: string; verifier: string }

const Pending = Type.Object({
  tenant: Type.String(),
  redirectUri: Type.String(),
  state: Type.String(),
  verifier: Type.String(),
})

/** The server would have to ask the person something, and was told not to. */
const WOULD_ASK = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/**
 * Makes the address that a browser goes to for signing a person in (OAuth authorization code with PKCE).
 *
 * @param options.silent the server may not show a page: it answers at once by the session that it knows, or refuses
 * @throws ClientError `SignInRefused` on a page that came over http, where browsers offer no cryptography
 * @see https://www.rfc-editor.org/rfc/rfc7636
 */
export async function beginBrowserSignIn(
  place: SignInPlace,
  { redirectUri, silent = false }: { redirectUri: string; silent?: boolean },
): Promise<{ url: string; pending: PendingSignIn }> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new ClientError('SignInRefused', 'Signing in needs an https address')
  }
  const pending = { tenant: place.tenant, redirectUri, state: randomText(), verifier: randomText() }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier))
  const query = new URLSearchParams({
    client_id: place.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: redirectUri,
    scope: signInScope(place),
    state: pending.state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    ...(silent && { prompt: 'none' }),
  })
  return { url: `${oauthUrl(place, 'authorize')}?${query}`, pending }
}

/** A sign-in under way as it was kept meanwhile; `undefined` when that is none. */
export function readPendingSignIn(kept: unknown): PendingSignIn | undefined {
  return fitting(Pending, kept)
}

/**
 * Turns the answer that the browser came back with into a sign-in.
 *
 * @param answer query of the redirect address
 * @throws ClientError `SignInRequired` when a silent sign-in would have needed the person, `SignInDeclined` when they
 *   said no, `SignInRefused` for anything else that is not a sign-in that was begun here
 */
export async function finishBrowserSignIn(
  place: SignInPlace,
  { redirectUri, state, verifier }: PendingSignIn,
  answer: URLSearchParams,
  runtime: Pick<ClientRuntime, 'fetch'> = platformRuntime(),
): Promise<SignedIn> {
  // Whoever sends somebody here with a code of their own would sign them in as another.
  if (answer.get('state') !== state) {
    throw new ClientError('SignInRefused', 'This answer belongs to another sign-in')
  }
  const code = answer.get('code')
  if (code === null) throw browserRefusal(answer)
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
  const redeemed = await callOAuth(place, 'token', form, SignInAnswer, runtime)
  if (redeemed.kind === 'refused') throw refused(redeemed)
  return readSignIn(redeemed.value)
}

/** The address that ends the browser's session at the server and comes back to `returnTo`. */
export function signOutUrl(
  place: SignInPlace,
  { idToken, returnTo }: { idToken: string; returnTo: string },
): string {
  const query = new URLSearchParams({
    client_id: place.clientId,
    id_token_hint: idToken,
    post_logout_redirect_uri: returnTo,
  })
  return `${oauthUrl(place, 'logout')}?${query}`
}

function browserRefusal(answer: URLSearchParams): ClientError {
  const error = answer.get('error') ?? 'an answer without a code'
  const message = readable(answer.get('error_description') ?? `The server answered with ${error}`)
  if (WOULD_ASK.includes(error)) return new ClientError('SignInRequired', message)
  return new ClientError(error === 'access_denied' ? 'SignInDeclined' : 'SignInRefused', message)
}

/** 256 random bits as 43 characters. */
function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}
