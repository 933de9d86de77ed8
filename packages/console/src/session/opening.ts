import { ClientError } from '@fleetsweep/client'
import { CALLBACK, comeBack, goToSignIn, HOME } from './person-session.ts'
import type { Session } from './session.ts'
import { forgetTenant, rememberedTenant, takePending } from './tab-memory.ts'

/** How the console begins. */
export type Opening = { kind: 'signedIn'; session: Session } | { kind: 'signedOut'; trouble?: Error }

/**
 * Finds out who is signed in as the page loads: somebody who comes back from the server's sign-in page, or whose tab
 * was signed in before and whose session the server may still know. Never settles while the browser is leaving.
 */
export async function openConsole(): Promise<Opening> {
  try {
    if (window.location.pathname === CALLBACK)
      return await arrive(new URLSearchParams(window.location.search))
    const tenant = rememberedTenant()
    if (tenant === null) return { kind: 'signedOut' }
    await goToSignIn(tenant, { silent: true })
    return await new Promise<never>(() => {})
  } catch (error) {
    // Whatever went wrong must not go wrong again with every reload.
    forgetTenant()
    return { kind: 'signedOut', trouble: error instanceof Error ? error : new Error(String(error)) }
  }
}

async function arrive(answer: URLSearchParams): Promise<Opening> {
  const signIn = takePending()
  // Out of the address, and of the history: the code is good once, and the page that was asked for is another.
  window.history.replaceState(null, '', signIn?.wanted ?? HOME)
  if (!signIn) throw new Error('This sign-in was begun in another tab, or has ended already.')
  try {
    return { kind: 'signedIn', session: await comeBack(signIn, answer) }
  } catch (error) {
    const isOver = signIn.silent && error instanceof ClientError && error.code === 'SignInRequired'
    if (!isOver) throw error
    forgetTenant()
    return { kind: 'signedOut' }
  }
}
