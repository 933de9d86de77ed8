import { type Static, type TSchema, Type } from 'typebox'
import { ClientError, type SignInErrorCode } from '../client-error.ts'
import type { ClientRuntime } from '../client-runtime.ts'
import { reach, readJson, refusal } from '../http-answer.ts'
import { fitting } from '../read-answer.ts'

/** Where somebody signs in, and with which program. */
export type SignInPlace = {
  /** Origin of the server, such as `https://fleetsweep.example`. */
  baseUrl: string
  /** Origin of whoever gives the tokens, such as `https://login.microsoftonline.com`; the server itself when absent. */
  authority?: string
  /** Tenant by its id or domain. */
  tenant: string
  /** Application id of the program. */
  clientId: string
}

/** What an endpoint gave, or the OAuth error code by which it refused. */
export type OAuthAnswer<T> = { kind: 'given'; value: T } | OAuthRefused
export type OAuthRefused = { kind: 'refused'; error: string; message: string; status: number }

/** A request for a token may take this long. */
const TIMEOUT_MS = 60_000

const OAuthRefusal = Type.Object({ error: Type.String(), error_description: Type.Optional(Type.String()) })

/** The address of one of a tenant's OAuth endpoints. */
export function oauthUrl(place: Omit<SignInPlace, 'clientId'>, endpoint: string): string {
  const { baseUrl, authority = baseUrl, tenant } = place
  return `${originOf(authority)}/${encodeURIComponent(tenant)}/oauth2/v2.0/${endpoint}`
}

/** The server's address without a slash at its end: the audience of its tokens. */
export function originOf(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '')
}

/**
 * Sends a form to an OAuth endpoint.
 *
 * @throws ClientError `Unreachable` without an answer, `BadAnswer` when what answers is no token issuer,
 *   `TooManyRequests` or `ServiceUnavailable` when it is busy
 */
export async function callOAuth<S extends TSchema>(
  place: SignInPlace,
  endpoint: string,
  form: Readonly<Record<string, string>>,
  schema: S,
  { fetch }: Pick<ClientRuntime, 'fetch'>,
  signal?: AbortSignal,
): Promise<OAuthAnswer<Static<S>>> {
  const base = originOf(place.authority ?? place.baseUrl)
  const late = AbortSignal.timeout(TIMEOUT_MS)
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body: new URLSearchParams({ client_id: place.clientId, ...form }).toString(),
    // A secret goes where it was meant to go, and nowhere that somebody there points at.
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, late]) : late,
  } as const
  const response = await reach(base, () => fetch(oauthUrl(place, endpoint), init), signal)
  if (response.status === 429 || response.status === 503) throw await refusal(base, response, signal)
  const answer = await reach(base, () => readJson(response), signal)
  const value = response.ok ? fitting(schema, answer) : undefined
  if (value !== undefined) return { kind: 'given', value }
  const refusedWith = response.ok ? undefined : fitting(OAuthRefusal, answer)
  if (refusedWith) {
    const { error, error_description: description = error } = refusedWith
    return { kind: 'refused', error, message: readable(description), status: response.status }
  }
  const message = `${base} answered ${response.status} to a request for a token, and not as a token issuer does`
  throw new ClientError('BadAnswer', message, { status: response.status })
}

export function refused(
  { message, status }: OAuthRefused,
  code: SignInErrorCode = 'SignInRefused',
): ClientError {
  return new ClientError(code, message, { status })
}

/** One id is enough to find a refusal in the log; the rest of Entra's tail only buries the reason. */
export function readable(description: string): string {
  return description.replace(/ Correlation ID: .*/s, '')
}
