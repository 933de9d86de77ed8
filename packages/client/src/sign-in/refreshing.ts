import { ClientError } from '../client-error.ts'
import { type ClientRuntime, platformRuntime } from '../client-runtime.ts'
import { callOAuth, refused, type SignInPlace } from './oauth-call.ts'
import { SignInAnswer, type SignInTokens, tokensOf } from './person.ts'
import { keptToken, type TokenSource } from './token-source.ts'

/**
 * Where the tokens of a sign-in are kept for other processes and later ones. A refresh token is good once, and the
 * server ends a sign-in whose old one comes again: whoever refreshes must be alone and must have the newest.
 */
export type SignInKeeper = {
  /** Runs `work` while nobody else refreshes this sign-in. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** The newest tokens, perhaps another process's; `undefined` when the sign-in was ended meanwhile. */
  load(): Promise<SignInTokens | undefined>
  /** Kept for good when it resolves. Called before new tokens are used, so that a crash leaves none that is spent. */
  save(tokens: SignInTokens): Promise<void>
}

/**
 * The access tokens of a person who has signed in, renewed for as long as the sign-in lasts.
 *
 * @param tokens what the sign-in gave, or what is left of it
 * @param options.keeper where the tokens are kept beside this process's memory
 * @throws ClientError `SignInEnded` when the person must sign in again
 */
export function refreshing(
  place: SignInPlace,
  tokens: SignInTokens,
  { keeper, runtime = platformRuntime() }: { keeper?: SignInKeeper; runtime?: ClientRuntime } = {},
): TokenSource {
  let newest: SignInTokens = tokens
  const shelf = keeper ?? {
    alone: (work) => work(),
    load: async () => newest,
    save: async () => {},
  }

  // Given by the server but not kept yet: the token before it is spent, so that only this one can go on.
  let unsaved: SignInTokens | undefined
  const renew = () =>
    shelf.alone(async () => {
      if (!unsaved) {
        const kept = await shelf.load()
        if (!kept) throw new ClientError('SignInEnded', 'Nobody is signed in any more')
        if (kept.accessToken !== newest.accessToken && kept.goodForMs > 0) {
          newest = kept
          return newest
        }
        unsaved = await refresh(place, kept, runtime)
      }
      await shelf.save(unsaved)
      newest = unsaved
      unsaved = undefined
      return newest
    })
  return keptToken(renew, runtime.clock, tokens)
}

async function refresh(
  place: SignInPlace,
  { refreshToken }: SignInTokens,
  runtime: ClientRuntime,
): Promise<SignInTokens> {
  if (refreshToken === null) throw new ClientError('SignInEnded', 'The sign-in is over')
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const answer = await callOAuth(place, 'token', form, SignInAnswer, runtime)
  if (answer.kind === 'given') return tokensOf(answer.value, refreshToken)
  const isOver = answer.error === 'invalid_grant' || answer.error === 'interaction_required'
  throw refused(answer, isOver ? 'SignInEnded' : 'SignInRefused')
}
