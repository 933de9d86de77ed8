import { FleetsweepClient, type SignedIn, type TokenSource } from '@fleetsweep/client'
import { QueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'

/** Who is signed in. */
export type Who =
  | ({ kind: 'person' } & Pick<SignedIn, 'person' | 'idToken'>)
  | { kind: 'application'; clientId: string }

/** A sign-in. It lives in memory alone: no storage ever sees a token or a secret. */
export type Session = {
  client: FleetsweepClient
  queries: QueryClient
  who: Who
}

export const SessionContext = createContext<
  (Session & { signOut: () => void; signInAgain: () => void }) | undefined
>(undefined)

export function newSession(who: Who, tokens: TokenSource): Session {
  return { client: new FleetsweepClient({ baseUrl: origin(), tokens }), queries: newQueries(), who }
}

export function useSession() {
  const session = useContext(SessionContext)
  if (!session) throw new Error('This part of the console is only shown to somebody who has signed in.')
  return session
}

/** The server that the console came from is the one that it works with. */
export function origin(): string {
  return window.location.origin
}

function newQueries(): QueryClient {
  // The client itself tries again where that is right; doing it twice would only delay the news.
  return new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } })
}
