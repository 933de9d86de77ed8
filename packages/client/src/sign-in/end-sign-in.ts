import { Type } from 'typebox'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { callOAuth, refused, type SignInPlace } from './oauth-call.ts'

/**
 * Ends a sign-in at the server, with every token that came from it. One that is over already is no error.
 *
 * @throws ClientError `Unreachable` when the server could not be told
 * @see https://www.rfc-editor.org/rfc/rfc7009
 */
export async function endSignIn(
  place: SignInPlace,
  refreshToken: string,
  { signal }: { signal?: AbortSignal } = {},
  runtime: Pick<ClientRuntime, 'fetch'> = platformRuntime(),
): Promise<void> {
  const form = { token: refreshToken, token_type_hint: 'refresh_token' }
  const answer = await callOAuth(place, 'revoke', form, Type.Unknown(), runtime, signal)
  if (answer.kind === 'refused') throw refused(answer)
}
