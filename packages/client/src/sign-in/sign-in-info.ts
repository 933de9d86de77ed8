import { SignInInfo } from '@fleetsweep/protocol'
import { ClientError } from '../client-error.ts'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { reach, readJson, refusal } from '../http-answer.ts'
import { fitting } from '../read-answer.ts'
import { originOf } from './oauth-call.ts'

/** Asks a server what somebody must know to sign in there; this takes no token. @throws ClientError */
export async function readSignInInfo(
  baseUrl: string,
  { signal }: { signal?: AbortSignal } = {},
  { fetch }: Pick<ClientRuntime, 'fetch'> = platformRuntime(),
): Promise<SignInInfo> {
  const base = originOf(baseUrl)
  const init = { method: 'GET', headers: { Accept: 'application/json' }, ...(signal && { signal }) }
  const response = await reach(base, () => fetch(`${base}/fleet/v1/signIn`, init), signal)
  if (!response.ok) throw await refusal(base, response)
  const answer = await reach(base, () => readJson(response), signal)
  const info = fitting(SignInInfo, answer)
  if (info) return info
  throw new ClientError('BadAnswer', `${base} does not say where to sign in`, { status: response.status })
}
