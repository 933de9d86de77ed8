import {
  beginBrowserSignIn,
  finishBrowserSignIn,
  refreshing,
  type SignInPlace,
  signOutUrl,
} from '@fleetsweep/client'
import { CONSOLE_CLIENT_ID } from '@fleetsweep/protocol'
import { newSession, origin, type Session, type Who } from './session.ts'
import { forgetTenant, rememberPending, rememberTenant, type TabSignIn } from './tab-memory.ts'

export const HOME = '/console/'
/** Where the server's pages send the browser back to. */
export const CALLBACK = '/console/signed-in'

/**
 * Leaves for the server's sign-in page, which comes back to `CALLBACK`.
 *
 * @param options.silent comes back at once, signed in or not, without showing a page
 * @throws ClientError where browsers offer no cryptography
 */
export async function goToSignIn(tenant: string, { silent = false } = {}): Promise<void> {
  const redirectUri = origin() + CALLBACK
  const { url, pending } = await beginBrowserSignIn(placeOf(tenant), { redirectUri, silent })
  const { pathname, search } = window.location
  rememberPending({ pending, wanted: pathname + search, silent })
  // What nobody saw is nothing to go back to.
  if (silent) window.location.replace(url)
  else window.location.assign(url)
}

/** Turns the answer of the server's page into a session. @throws ClientError when it is none */
export async function comeBack({ pending }: TabSignIn, answer: URLSearchParams): Promise<Session> {
  const place = placeOf(pending.tenant)
  const { person, tokens, idToken } = await finishBrowserSignIn(place, pending, answer)
  rememberTenant(pending.tenant)
  return newSession({ kind: 'person', person, idToken }, refreshing(placeOf(person.tenant), tokens))
}

/** Leaves for the server, which ends the session of this browser and comes back to the console. */
export function goToSignOut({ person, idToken }: Extract<Who, { kind: 'person' }>): void {
  forgetTenant()
  window.location.assign(signOutUrl(placeOf(person.tenant), { idToken, returnTo: origin() + HOME }))
}

function placeOf(tenant: string): SignInPlace {
  return { baseUrl: origin(), tenant, clientId: CONSOLE_CLIENT_ID }
}
