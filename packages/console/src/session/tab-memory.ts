import { PendingSignIn } from '@fleetsweep/client'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'

/** A sign-in of this tab that is on its way through the server's pages. */
export const TabSignIn = Type.Object({
  pending: PendingSignIn,
  /** Path of the page to show afterwards. */
  wanted: Type.String(),
  silent: Type.Boolean(),
})
export type TabSignIn = Static<typeof TabSignIn>

const PENDING = 'fleetsweep.pendingSignIn'
const TENANT = 'fleetsweep.tenant'

/** Kept for the way through the server's pages and no longer. */
export function rememberPending(signIn: TabSignIn): void {
  sessionStorage.setItem(PENDING, JSON.stringify(signIn))
}

/** Gives the sign-in that is under way, once. */
export function takePending(): TabSignIn | undefined {
  const text = sessionStorage.getItem(PENDING)
  sessionStorage.removeItem(PENDING)
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return Check(TabSignIn, value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Which tenant this tab is signed in to: a reload goes on there without a word. */
export function rememberTenant(tenant: string): void {
  sessionStorage.setItem(TENANT, tenant)
}

export function rememberedTenant(): string | null {
  return sessionStorage.getItem(TENANT)
}

export function forgetTenant(): void {
  sessionStorage.removeItem(TENANT)
}
