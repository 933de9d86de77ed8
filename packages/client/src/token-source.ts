import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, platformRuntime } from './client-runtime.ts'
import { reach, readJson, refusal } from './http-answer.ts'

/** Where access tokens come from. */
export type TokenSource = {
  /** A token that is good for a while; the same one until shortly before it ends. */
  get(): Promise<string>
  /** Drops a token that the server refused. */
  forget(token: string): void
}

export type ClientCredentials = {
  /** Origin of the server, such as `https://fleetsweep.example`. */
  baseUrl: string
  /** Tenant id, a GUID. */
  tenant: string
  clientId: string
  clientSecret: string
}

/** A token is renewed this long before it ends, so that it never ends on the way. */
const RENEW_BEFORE_MS = 60_000

const TokenAnswer = Type.Object({ access_token: Type.String(), expires_in: Type.Number({ minimum: 0 }) })
const TokenRefusal = Type.Object({ error: Type.String(), error_description: Type.String() })

/**
 * Signs in as an application by its secret (OAuth client credentials, v2 endpoint).
 *
 * Calls of `get` that come together share one request.
 *
 * @throws ClientError `SignInRefused` when the server gives no token, `Unreachable` when it gives no answer
 */
export function clientCredentials(
  credentials: ClientCredentials,
  { fetch, clock }: ClientRuntime = platformRuntime(),
): TokenSource {
  const base = credentials.baseUrl.replace(/\/+$/, '')
  let held: { token: string; renewAtMs: number } | undefined
  let asking: Promise<string> | undefined

  async function ask(): Promise<string> {
    const askedAtMs = clock.monotonicMs()
    const url = `${base}/${encodeURIComponent(credentials.tenant)}/oauth2/v2.0/token`
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
      scope: `${base}/.default`,
    })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }
    const response = await reach(base, () => fetch(url, { method: 'POST', headers, body: form.toString() }))
    if (response.status === 429 || response.status === 503) throw await refusal(base, response)
    const answer = await reach(base, () => readJson(response))
    if (response.ok && Check(TokenAnswer, answer)) {
      held = { token: answer.access_token, renewAtMs: renewalMs(askedAtMs, answer) }
      return answer.access_token
    }
    if (Check(TokenRefusal, answer)) {
      // One id is enough to find the refusal in the log; the rest of Entra's tail only buries the reason.
      const message = answer.error_description.replace(/ Correlation ID: .*/s, '')
      throw new ClientError('SignInRefused', message, { status: response.status })
    }
    const message = `${base} answered ${response.status} to a request for a token, and not as a token issuer does`
    throw new ClientError('BadAnswer', message, { status: response.status })
  }

  return {
    async get() {
      if (held && clock.monotonicMs() < held.renewAtMs) return held.token
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return asking
    },
    forget(token) {
      if (held?.token === token) held = undefined
    },
  }
}

function renewalMs(askedAtMs: number, answer: Static<typeof TokenAnswer>): number {
  // A token shorter than the margin is used for half its life rather than asked for with every call.
  const lifeMs = answer.expires_in * 1_000
  return askedAtMs + Math.max(lifeMs - RENEW_BEFORE_MS, lifeMs / 2)
}
