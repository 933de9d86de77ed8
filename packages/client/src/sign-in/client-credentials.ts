import { Type } from 'typebox'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { callOAuth, originOf, refused, type SignInPlace } from './oauth-call.ts'
import { keptToken, type TokenSource } from './token-source.ts'

export type ClientCredentials = SignInPlace & { clientSecret: string }

const TokenAnswer = Type.Object({ access_token: Type.String(), expires_in: Type.Number({ minimum: 0 }) })

/**
 * Signs in as an application by its secret (OAuth client credentials, v2 endpoint).
 *
 * @throws ClientError `SignInRefused` when the server gives no token, `Unreachable` when it gives no answer
 */
export function clientCredentials(
  credentials: ClientCredentials,
  runtime: ClientRuntime = platformRuntime(),
): TokenSource {
  const form = {
    grant_type: 'client_credentials',
    client_secret: credentials.clientSecret,
    scope: `${originOf(credentials.baseUrl)}/.default`,
  }
  return keptToken(async () => {
    const answer = await callOAuth(credentials, 'token', form, TokenAnswer, runtime)
    if (answer.kind === 'refused') throw refused(answer)
    return { accessToken: answer.value.access_token, goodForMs: answer.value.expires_in * 1_000 }
  }, runtime.clock)
}
