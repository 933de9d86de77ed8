import { type Static, Type } from 'typebox'
import { ClientError } from '../client-error.ts'
import { fitting } from '../read-answer.ts'
import { originOf, type SignInPlace } from './oauth-call.ts'
import type { TimedToken } from './token-source.ts'

/** Who has signed in. */
export type Person = {
  /** Such as `ada@contoso.example`; `requestor` of what they ask for. */
  userPrincipalName: string
  displayName: string
  /** Tenant id, a GUID, whatever name of the tenant they signed in with. */
  tenant: string
}

/** The tokens of a sign-in. */
export type SignInTokens = TimedToken & {
  /** Good for one refresh, which brings the next; null when the server keeps no sign-in. */
  refreshToken: string | null
}

/** A sign-in as it begins. */
export type SignedIn = {
  person: Person
  tokens: SignInTokens
  /** Tells the server whose sign-in to end. */
  idToken: string
}

/** What the token endpoint answers for a sign-in, and for its refresh. */
export const SignInAnswer = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Number({ minimum: 0 }),
  refresh_token: Type.Optional(Type.String()),
  id_token: Type.Optional(Type.String()),
})
export type SignInAnswer = Static<typeof SignInAnswer>

const IdClaims = Type.Object({
  preferred_username: Type.String(),
  name: Type.Optional(Type.String()),
  tid: Type.String(),
})

/** What a program of ours asks for: all that it may do in the person's name, for longer than an hour. */
export function signInScope({ baseUrl }: SignInPlace): string {
  return `${originOf(baseUrl)}/.default offline_access openid profile`
}

/** @throws ClientError `BadAnswer` when the answer does not say who signed in */
export function readSignIn(answer: SignInAnswer): SignedIn {
  const claims = fitting(IdClaims, readClaims(answer.id_token ?? ''))
  if (answer.id_token === undefined || !claims) {
    throw new ClientError('BadAnswer', 'The server does not say who has signed in')
  }
  const { preferred_username: userPrincipalName, name: displayName = userPrincipalName, tid: tenant } = claims
  return {
    person: { userPrincipalName, displayName, tenant },
    tokens: tokensOf(answer, null),
    idToken: answer.id_token,
  }
}

/** @param before the refresh token that goes on where the answer brings no other */
export function tokensOf(answer: SignInAnswer, before: string | null): SignInTokens {
  return {
    accessToken: answer.access_token,
    goodForMs: answer.expires_in * 1_000,
    refreshToken: answer.refresh_token ?? before,
  }
}

/** The claims of a token that came from its issuer itself, over the connection that vouches for it. */
function readClaims(token: string): unknown {
  try {
    const base64 = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
