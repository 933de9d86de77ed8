import { Type } from 'typebox'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { type ClientCertificate, signClientAssertion } from './client-assertion.ts'
import { callOAuth, oauthUrl, originOf, refused, type SignInPlace } from './oauth-call.ts'
import { keptToken, type TokenSource } from './token-source.ts'

/** An application, and what it proves itself with. */
export type ClientCredentials = SignInPlace & {
  /** What the token is for, such as `https://api.securitycenter.microsoft.com/.default`; `baseUrl` when absent. */
  scope?: string
} & ({ clientSecret: string } | ClientCertificate)

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const TokenAnswer = Type.Object({ access_token: Type.String(), expires_in: Type.Number({ minimum: 0 }) })

/**
 * Signs in as an application by its secret or its certificate (OAuth client credentials, v2 endpoint).
 *
 * @throws ClientError `SignInRefused` when the server gives no token, `Unreachable` when it gives no answer
 */
export function clientCredentials(
  credentials: ClientCredentials,
  runtime: ClientRuntime = platformRuntime(),
): TokenSource {
  const { scope = `${originOf(credentials.baseUrl)}/.default` } = credentials
  return keptToken(async () => {
    const form = { grant_type: 'client_credentials', scope, ...(await proofOf(credentials, runtime)) }
    const answer = await callOAuth(credentials, 'token', form, TokenAnswer, runtime)
    if (answer.kind === 'refused') throw refused(answer)
    return { accessToken: answer.value.access_token, goodForMs: answer.value.expires_in * 1_000 }
  }, runtime.clock)
}

async function proofOf(
  credentials: ClientCredentials,
  runtime: ClientRuntime,
): Promise<Record<string, string>> {
  if ('clientSecret' in credentials) return { client_secret: credentials.clientSecret }
  const assertion = await signClientAssertion(credentials, {
    clientId: credentials.clientId,
    audience: oauthUrl(credentials, 'token'),
    nowMs: runtime.nowMs(),
  })
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion }
}
