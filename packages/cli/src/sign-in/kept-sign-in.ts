import type { SignedIn, SignInPlace, SignInTokens } from '@fleetsweep/client'
import { CLI_CLIENT_ID } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'

/** A person's sign-in as it lies on disk. */
export const KeptSignIn = Type.Object({
  version: Type.Literal(1),
  /** Origin of the server: its tokens go nowhere else. */
  url: Type.String(),
  /** Tenant id. */
  tenant: Type.String(),
  /** What the person called the tenant: its id or domain. */
  tenantName: Type.String(),
  userPrincipalName: Type.String(),
  displayName: Type.String(),
  /** The server's certificate authority (PEM) where it was given at the sign-in. */
  ca: Type.Union([Type.String(), Type.Null()]),
  accessToken: Type.String(),
  /** Milliseconds since the epoch, by this machine's clock. */
  accessTokenEndsAtMs: Type.Number(),
  refreshToken: Type.Union([Type.String(), Type.Null()]),
})
export type KeptSignIn = Static<typeof KeptSignIn>

/** A sign-in that has just begun. */
export function keepSignIn(
  { person, tokens }: SignedIn,
  server: { url: string; tenantName: string; ca: string | null },
  nowMs: number,
): KeptSignIn {
  const { tenant, userPrincipalName, displayName } = person
  return { version: 1, ...server, tenant, userPrincipalName, displayName, ...keptTokens(tokens, nowMs) }
}

export function keptTokens({ accessToken, goodForMs, refreshToken }: SignInTokens, nowMs: number) {
  return { accessToken, accessTokenEndsAtMs: nowMs + goodForMs, refreshToken }
}

export function tokensOf(kept: KeptSignIn, nowMs: number): SignInTokens {
  const { accessToken, accessTokenEndsAtMs, refreshToken } = kept
  return { accessToken, goodForMs: accessTokenEndsAtMs - nowMs, refreshToken }
}

export function placeOf({ url, tenant }: KeptSignIn): SignInPlace {
  return { baseUrl: url, tenant, clientId: CLI_CLIENT_ID }
}
