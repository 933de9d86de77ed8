import { type PendingSignIn, readPendingSignIn } from '@fleetsweep/client'
import { Type } from 'typebox'
import { Check } from 'typebox/value'

/** A sign-in of this tab that is on its way through the server's pages. */
export type TabSignIn = {
  pending: PendingSignIn
  /** Path of the page to show afterwards. */
  wanted: string
  silent: boolean
}

const Kept = Type.Object({ pending: Type.Unknown(), wanted: Type.String(), silent: Type.Boolean() })

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
    if (!Check(Kept, value)) return undefined
    const pending = readPendingSignIn(value.pending)
    return pending && { ...value, pending }
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
