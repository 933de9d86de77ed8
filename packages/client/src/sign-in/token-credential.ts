import { ClientError } from '../client-error.ts'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { keptToken, type TokenSource } from './token-source.ts'

/**
 * What gives tokens in the way of Azure's libraries: every credential of `@azure/identity` does.
 *
 * @see https://learn.microsoft.com/en-us/javascript/api/@azure/core-auth/tokencredential
 */
export type TokenCredential = {
  /** @returns a token, with the moment of its end in milliseconds since the epoch */
  getToken(scope: string): Promise<{ token: string; expiresOnTimestamp: number } | null>
}

/**
 * Takes tokens from somebody else's credential.
 *
 * @param scope what they are for, such as `https://fleetsweep.example/.default`
 * @throws ClientError `SignInRefused` when it gives none
 */
export function tokensFrom(
  credential: TokenCredential,
  scope: string,
  runtime: ClientRuntime = platformRuntime(),
): TokenSource {
  return keptToken(async () => {
    const given = await credential.getToken(scope).catch((cause: unknown) => {
      throw new ClientError('SignInRefused', `The credential gives no token: ${String(cause)}`, { cause })
    })
    if (!given) throw new ClientError('SignInRefused', `The credential gives no token for ${scope}`)
    return { accessToken: given.token, goodForMs: given.expiresOnTimestamp - runtime.nowMs() }
  }, runtime.clock)
}
