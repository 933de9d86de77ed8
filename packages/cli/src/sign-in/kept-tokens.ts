import { refreshing, type TokenSource } from '@fleetsweep/client'
import type { CliIo } from '../cli-io.ts'
import { type KeptSignIn, keptTokens, placeOf, tokensOf } from './kept-sign-in.ts'
import type { SignInFile } from './sign-in-file.ts'

/** The access tokens of the sign-in in the file; renewed ones go there before they are used. */
export function keptSignInTokens(file: SignInFile, kept: KeptSignIn, io: CliIo): TokenSource {
  const load = async () => {
    const now = await file.read()
    // Another login may have put another person's sign-in there meanwhile: this command does not go on as them.
    return now && isSame(now, kept) ? now : undefined
  }
  return refreshing(placeOf(kept), tokensOf(kept, io.nowMs()), {
    keeper: {
      alone: (work) => file.alone(work),
      load: async () => {
        const now = await load()
        return now && tokensOf(now, io.nowMs())
      },
      save: (tokens) => file.write({ ...kept, ...keptTokens(tokens, io.nowMs()) }),
    },
    runtime: io.runtime,
  })
}

function isSame(one: KeptSignIn, other: KeptSignIn): boolean {
  return (
    one.url === other.url && one.tenant === other.tenant && one.userPrincipalName === other.userPrincipalName
  )
}
