import type { ApplicationId, Clock, TenantId } from '@fleetsweep/protocol'
import { errors, type JWK, jwtVerify, SignJWT } from 'jose'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TokenKeys } from '../signing-key/index.ts'
import { isAudience } from './audience.ts'
import type { TokenVersion } from './token-grant.ts'

export const TOKEN_LIFE_SECONDS = 3_600
/** Nodes of a cluster need not agree to the second. */
const CLOCK_TOLERANCE_SECONDS = 60
const ALGORITHM = 'RS256'

/** What stands in a token that we issued, as far as we look at it. */
const Claims = Compile(
  Type.Object({
    tid: Type.String(),
    oid: Type.String(),
    exp: Type.Number(),
    roles: Type.Array(Type.String()),
  }),
)

export type AccessToken = { application: ApplicationId; roles: readonly string[]; expiresAtSeconds: number }

/** Base of everything that a tenant issues: `issuer` of version 2 is this plus `v2.0`. */
export function issuerOf(version: TokenVersion, origin: string, tenant: TenantId): string {
  return `${origin}/${tenant}/${version === 'v2' ? 'v2.0' : ''}`
}

/** Signs an access token for an application. */
export async function signAccessToken(
  { current }: TokenKeys,
  token: {
    version: TokenVersion
    origin: string
    tenant: TenantId
    application: { id: ApplicationId; displayName: string }
    audience: string
    roles: readonly string[]
    issuedAtSeconds: number
    /** Unique for each token. */
    uti: string
  },
): Promise<string> {
  const { version, origin, tenant, application, audience, roles, issuedAtSeconds, uti } = token
  const own =
    version === 'v1'
      ? { appid: application.id, appidacr: '1', ver: '1.0' }
      : { appid: application.id, azp: application.id, azpacr: '1', ver: '2.0' }
  return new SignJWT({
    aud: audience,
    iss: issuerOf(version, origin, tenant),
    iat: issuedAtSeconds,
    nbf: issuedAtSeconds,
    exp: issuedAtSeconds + TOKEN_LIFE_SECONDS,
    app_displayname: application.displayName,
    ...own,
    idtyp: 'app',
    oid: application.id,
    roles: [...roles],
    sub: application.id,
    tid: tenant,
    uti,
  })
    .setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid: current.id })
    .sign(current.privateKey)
}

/**
 * Checks a token of one tenant: signature, issuer, audience and times.
 *
 * @throws Error from jose, or from the schema, when anything is wrong
 */
export async function verifyAccessToken(
  token: string,
  expected: { tenant: TenantId; keys: readonly JWK[]; origins: readonly string[]; clock: Clock },
): Promise<AccessToken> {
  const { tenant, keys, origins, clock } = expected
  const { payload } = await jwtVerify(
    token,
    ({ kid }) => {
      const key = keys.find((candidate) => candidate.kid === kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key
    },
    {
      algorithms: [ALGORITHM],
      issuer: origins.flatMap((origin) => [issuerOf('v1', origin, tenant), issuerOf('v2', origin, tenant)]),
      requiredClaims: ['exp', 'nbf', 'aud'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.now() / 1_000),
    },
  )
  if (typeof payload.aud !== 'string' || !isAudience(payload.aud, origins)) {
    throw new errors.JWTClaimValidationFailed('the audience is not ours', payload, 'aud', 'check_failed')
  }
  const claims = Claims.Parse(payload)
  return { application: claims.oid as ApplicationId, roles: claims.roles, expiresAtSeconds: claims.exp }
}
