import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { QueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'

/** Who is signed in. Lives in memory alone: a reload of the page ends it, and no storage ever sees the secret. */
export type Session = {
  client: FleetsweepClient
  queries: QueryClient
  /** Application id, for the header. */
  clientId: string
}

export const SessionContext = createContext<(Session & { signOut: () => void }) | undefined>(undefined)

export type SignIn = { tenant: string; clientId: string; clientSecret: string }

/** Gets a first token, so that wrong credentials are told at once. @throws ClientError when there is none */
export async function signIn({ tenant, clientId, clientSecret }: SignIn): Promise<Session> {
  const baseUrl = window.location.origin
  const tokens = clientCredentials({ baseUrl, tenant, clientId, clientSecret })
  await tokens.get()
  return { client: new FleetsweepClient({ baseUrl, tokens }), queries: newQueries(), clientId }
}

export function useSession() {
  const session = useContext(SessionContext)
  if (!session) throw new Error('This part of the console is only shown to somebody who has signed in.')
  return session
}

function newQueries(): QueryClient {
  // The client itself tries again where that is right; doing it twice would only delay the news.
  return new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } })
}
