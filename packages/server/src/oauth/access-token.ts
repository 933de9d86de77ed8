import type { ApplicationId, Clock, TenantId, UserId } from '@fleetsweep/protocol'
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
/** Entra's tokens do not name the credential; ours must, for its revocation to reach them. */
const CREDENTIAL_CLAIM = 'fsw_cred'

/** What stands in a token that we issued, as far as we look at it. */
const ApplicationClaims = Compile(
  Type.Object({
    idtyp: Type.Literal('app'),
    oid: Type.String(),
    exp: Type.Number(),
    roles: Type.Array(Type.String()),
    [CREDENTIAL_CLAIM]: Type.String(),
  }),
)
const UserClaims = Compile(
  Type.Object({
    idtyp: Type.Literal('user'),
    oid: Type.String(),
    appid: Type.String(),
    exp: Type.Number(),
    scp: Type.String(),
    sid: Type.String(),
  }),
)

/** Whom a token speaks for, and what it says that they may do. */
export type TokenSubject =
  | {
      kind: 'application'
      application: ApplicationId
      /** The secret or certificate that it was got with: a token does not outlive its revocation. */
      credential: string
      roles: readonly string[]
    }
  | {
      kind: 'user'
      user: UserId
      /** The program that the person signed in with. */
      application: ApplicationId
      scopes: readonly string[]
      /** The sign-in that it comes from: a token does not outlive the sign-out. */
      session: string
    }

export type AccessToken = TokenSubject & { expiresAtSeconds: number }

/** How the program proved who it is: not at all, by a secret, by a certificate; numbered as Entra does. */
export type ClientProof = 'none' | 'secret' | 'certificate'
const PROOF_NUMBER: Record<ClientProof, string> = { none: '0', secret: '1', certificate: '2' }

/** Base of everything that a tenant issues: `issuer` of version 2 is this plus `v2.0`. */
export function issuerOf(version: TokenVersion, origin: string, tenant: TenantId): string {
  return `${origin}/${tenant}/${version === 'v2' ? 'v2.0' : ''}`
}

/** Signs an access token for an application, or for a person who uses one. */
export async function signAccessToken(
  { current }: TokenKeys,
  token: {
    version: TokenVersion
    origin: string
    tenant: TenantId
    subject: TokenSubject
    /** Of the application, or the person. */
    displayName: string
    /** Of a person. */
    userPrincipalName?: string
    proof: ClientProof
    audience: string
    issuedAtSeconds: number
    /** Unique for each token. */
    uti: string
  },
): Promise<string> {
  const { version, origin, tenant, subject, audience, issuedAtSeconds, uti } = token
  return new SignJWT({
    aud: audience,
    iss: issuerOf(version, origin, tenant),
    iat: issuedAtSeconds,
    nbf: issuedAtSeconds,
    exp: issuedAtSeconds + TOKEN_LIFE_SECONDS,
    ...clientClaims(version, subject.application, PROOF_NUMBER[token.proof]),
    ...subjectClaims(subject, token),
    tid: tenant,
    uti,
  })
    .setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid: current.id })
    .sign(current.privateKey)
}

function clientClaims(version: TokenVersion, application: ApplicationId, proof: string) {
  return version === 'v1'
    ? { appid: application, appidacr: proof, ver: '1.0' }
    : { appid: application, azp: application, azpacr: proof, ver: '2.0' }
}

function subjectClaims(
  subject: TokenSubject,
  { displayName, userPrincipalName }: { displayName: string; userPrincipalName?: string },
) {
  if (subject.kind === 'application') {
    const { application, roles, credential } = subject
    const named = { app_displayname: displayName, idtyp: 'app', oid: application, sub: application }
    return { ...named, roles: [...roles], [CREDENTIAL_CLAIM]: credential }
  }
  const { user, scopes, session } = subject
  return {
    name: displayName,
    idtyp: 'user',
    oid: user,
    sub: user,
    upn: userPrincipalName,
    preferred_username: userPrincipalName,
    scp: scopes.join(' '),
    sid: session,
  }
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
  return payload.idtyp === 'user' ? userToken(payload) : applicationToken(payload)
}

function applicationToken(payload: unknown): AccessToken {
  const claims = ApplicationClaims.Parse(payload)
  return {
    kind: 'application',
    application: claims.oid as ApplicationId,
    credential: claims[CREDENTIAL_CLAIM],
    roles: claims.roles,
    expiresAtSeconds: claims.exp,
  }
}

function userToken(payload: unknown): AccessToken {
  const claims = UserClaims.Parse(payload)
  return {
    kind: 'user',
    user: claims.oid as UserId,
    application: claims.appid as ApplicationId,
    scopes: claims.scp.split(' '),
    session: claims.sid,
    expiresAtSeconds: claims.exp,
  }
}
