import type { ApplicationId, TenantId, UserId } from '@fleetsweep/protocol'
import { errors, type JWK, jwtVerify, SignJWT } from 'jose'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TokenKeys } from '../signing-key/index.ts'
import { issuerOf, TOKEN_LIFE_SECONDS } from './access-token.ts'

const ALGORITHM = 'RS256'

/**
 * Signs an ID token, which tells a program who signed in.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference
 */
export function signIdToken(
  { current }: TokenKeys,
  token: {
    origin: string
    tenant: TenantId
    application: ApplicationId
    user: UserId
    displayName: string
    userPrincipalName: string
    /** The sign-in that it tells of. */
    session: string
    nonce: string | undefined
    issuedAtSeconds: number
    uti: string
  },
): Promise<string> {
  const { origin, tenant, user, issuedAtSeconds } = token
  return new SignJWT({
    aud: token.application,
    iss: issuerOf('v2', origin, tenant),
    iat: issuedAtSeconds,
    nbf: issuedAtSeconds,
    exp: issuedAtSeconds + TOKEN_LIFE_SECONDS,
    name: token.displayName,
    nonce: token.nonce,
    oid: user,
    preferred_username: token.userPrincipalName,
    sid: token.session,
    sub: user,
    tid: tenant,
    uti: token.uti,
    ver: '2.0',
  })
    .setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid: current.id })
    .sign(current.privateKey)
}

/** What an ID token of ours says that a program sends back. */
export type IdTokenHint = { application: string; user: UserId }

const HintClaims = Compile(Type.Object({ aud: Type.String(), oid: Type.String() }))

/** Reads an ID token of ours, however old; `undefined` for one that is not ours. */
export async function readIdTokenHint(
  token: string,
  expected: { tenant: TenantId; keys: readonly JWK[]; origins: readonly string[] },
): Promise<IdTokenHint | undefined> {
  const { tenant, keys, origins } = expected
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.find((candidate) => candidate.kid === kid)
        if (!key) throw new errors.JWKSNoMatchingKey()
        return key
      },
      {
        algorithms: [ALGORITHM],
        issuer: origins.map((origin) => issuerOf('v2', origin, tenant)),
        // It says who signs out, however long ago they signed in.
        currentDate: new Date(0),
        clockTolerance: Number.MAX_SAFE_INTEGER,
      },
    )
    const { aud, oid } = HintClaims.Parse(payload)
    return { application: aud, user: oid as UserId }
  } catch {
    return undefined
  }
}
