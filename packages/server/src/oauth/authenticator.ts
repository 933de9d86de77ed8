import { hash } from 'node:crypto'
import {
  type ApplicationId,
  CLI_CLIENT_ID,
  type Clock,
  CONSOLE_CLIENT_ID,
  isGuid,
  permissionOfScope,
  type RolePermission,
  type TenantId,
} from '@fleetsweep/protocol'
import { decodeJwt, decodeProtectedHeader, errors, type JWK } from 'jose'
import { type ApplicationStore, holdsCredential } from '../application/index.ts'
import { type ExternalTokens, externalPrincipal } from '../external-issuer/index.ts'
import { BoundedMap } from '../kit/bounded-map.ts'
import { ApiError, type HttpServerOptions, type Origins } from '../kit/http/index.ts'
import { ALL_MACHINES, type Principal } from '../principal/index.ts'
import { NoSigningKeyError, type SigningKeys } from '../signing-key/index.ts'
import type { SecurityEpochs } from '../tenant/index.ts'
import type { UserStore } from '../user/index.ts'
import { type TokenSubject, verifyAccessToken } from './access-token.ts'

/** Verifying a signature costs a hundred times what finding the token again does. */
const MAX_VERIFIED_TOKENS = 10_000
const EXTERNAL_GOOD_FOR_MS = 5 * 60_000

type Dependencies = {
  applicationsOf: (tenant: TenantId) => Pick<ApplicationStore, 'find'>
  usersOf: (tenant: TenantId) => Pick<UserStore, 'find' | 'groupsOf' | 'groupsByExternalId' | 'accessOf'>
  /** True while nobody has signed out of it, nor been signed out. */
  isSignedIn: (tenant: TenantId, session: string) => Promise<boolean>
  securityEpochs: Pick<SecurityEpochs, 'known' | 'of'>
  signingKeys: Pick<SigningKeys, 'tokenKeys' | 'tokenKeysAnew'>
  externalTokens: Pick<ExternalTokens, 'knows' | 'verify' | 'tenantOf'>
  origins: Origins
  clock: Clock
}

/** A token whose signature is right, and whom it stood for when the tenant's security epoch was this. */
type Verified = {
  tenant: TenantId
  expiresAtSeconds: number
  /** When the signature is looked at again: an external issuer takes keys back without telling us. */
  goodUntilMs: number
  /** @throws ApiError `Unauthorized` when its subject, or what it was got with, is there no more */
  lookUp: () => Promise<Principal>
  principal?: Principal
  epoch?: number
}

/**
 * Makes the function that turns a bearer token into a principal. A token may say no more than its subject is still
 * allowed: whatever changes that raises the security epoch of the tenant, and then it is looked up anew. While that
 * cannot be looked up, calls are refused with `ServiceUnavailable` rather than let in on what was true before.
 */
export function authenticator(
  dependencies: Dependencies,
): HttpServerOptions<Principal, unknown>['authenticate'] {
  const { clock, securityEpochs } = dependencies
  const verified = new BoundedMap<string, Verified>(MAX_VERIFIED_TOKENS)
  return async ({ authorization }) => {
    const text = bearerToken(authorization)
    const key = hash('sha256', text, 'base64')
    let known = verified.get(key)
    if (!known || known.goodUntilMs <= clock.monotonicMs()) {
      known = await verify(text, dependencies)
      verified.set(key, known)
    }
    if (known.expiresAtSeconds * 1_000_000 <= clock.now()) {
      verified.delete(key)
      throw unauthorized('The access token has expired')
    }
    const { tenant } = known
    // Read before the principal: whatever changes in between shows as another epoch next time.
    const epoch = securityEpochs.known(tenant) ?? (await orUnavailable(securityEpochs.of(tenant)))
    if (known.principal && known.epoch === epoch) return known.principal
    const principal = await orUnavailable(known.lookUp())
    known.principal = principal
    known.epoch = epoch
    return principal
  }
}

function bearerToken(authorization: string | undefined): string {
  const token = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw unauthorized('A bearer token is missing from the Authorization header')
  return token
}

async function verify(text: string, dependencies: Dependencies): Promise<Verified> {
  const signer = signerNamedBy(text)
  return dependencies.externalTokens.knows(signer.issuer)
    ? verifyExternal(text, dependencies)
    : verifyOwn(text, signer, dependencies)
}

type Signer = { issuer: unknown; tenant: unknown; kid: string | undefined }

/** Not trusted yet: it only says whose keys must have signed. */
function signerNamedBy(text: string): Signer {
  try {
    const { iss, tid } = decodeJwt(text)
    return { issuer: iss, tenant: tid, kid: decodeProtectedHeader(text).kid }
  } catch (cause) {
    throw unauthorized('The access token is not valid', cause)
  }
}

async function verifyOwn(text: string, signer: Signer, dependencies: Dependencies): Promise<Verified> {
  const { origins, clock } = dependencies
  if (typeof signer.tenant !== 'string' || !isGuid(signer.tenant)) {
    throw unauthorized('The access token is not valid', new errors.JWTInvalid('it names no tenant'))
  }
  const tenant = signer.tenant.toLowerCase() as TenantId
  const keys = await orUnavailable(publicKeys(tenant, signer.kid, dependencies))
  try {
    const token = await verifyAccessToken(text, { tenant, keys, origins: origins.all, clock })
    const { expiresAtSeconds } = token
    const lookUp = () => principalOf(token, tenant, dependencies)
    return { tenant, expiresAtSeconds, goodUntilMs: Number.POSITIVE_INFINITY, lookUp }
  } catch (cause) {
    throw unauthorized('The access token is not valid', cause)
  }
}

async function verifyExternal(
  text: string,
  { externalTokens, usersOf, clock }: Dependencies,
): Promise<Verified> {
  const token = await externalTokens.verify(text).catch((cause) => {
    throw unauthorized('The access token is not valid', cause)
  })
  const tenant = await orUnavailable(externalTokens.tenantOf(token))
  if (tenant === undefined) throw unauthorized('The access token is not valid')
  return {
    tenant,
    expiresAtSeconds: token.expiresAtSeconds,
    goodUntilMs: clock.monotonicMs() + EXTERNAL_GOOD_FOR_MS,
    lookUp: () => externalPrincipal(token, tenant, usersOf(tenant)),
  }
}

async function publicKeys(
  tenant: TenantId,
  kid: string | undefined,
  { signingKeys }: Dependencies,
): Promise<readonly JWK[]> {
  const keys = (await signingKeys.tokenKeys(tenant)).public
  if (keys.some((candidate) => candidate.kid === kid)) return keys
  return (await signingKeys.tokenKeysAnew(tenant)).public
}

/** Whatever keeps the server from knowing is its own trouble, not the caller's. */
async function orUnavailable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    if (cause instanceof NoSigningKeyError) throw unauthorized('The access token is not valid', cause)
    throw new ApiError('ServiceUnavailable', 'Who may call cannot be looked up right now', {
      headers: { 'retry-after': '1' },
      cause,
    })
  }
}

function unauthorized(message: string, cause?: unknown): ApiError {
  return new ApiError('Unauthorized', message, { headers: { 'www-authenticate': 'Bearer' }, cause })
}

function principalOf(token: TokenSubject, tenant: TenantId, dependencies: Dependencies): Promise<Principal> {
  return token.kind === 'application'
    ? applicationPrincipal(token, tenant, dependencies)
    : userPrincipal(token, tenant, dependencies)
}

async function applicationPrincipal(
  token: Extract<TokenSubject, { kind: 'application' }>,
  tenant: TenantId,
  { applicationsOf }: Dependencies,
): Promise<Principal> {
  const application = await applicationsOf(tenant).find(token.application)
  if (!application) throw unauthorized('The application of the access token does not exist any more')
  if (!holdsCredential(application, token.credential)) {
    throw unauthorized('The credential that the access token was got with has been revoked')
  }
  return {
    kind: 'application',
    tenant,
    id: application.id,
    name: application.displayName,
    permissions: new Set(application.permissions.filter((permission) => token.roles.includes(permission))),
    rolePermissions: null,
    reach: ALL_MACHINES,
    requestSource: 'PublicApi',
    limits: application.limits,
  }
}

async function userPrincipal(
  token: Extract<TokenSubject, { kind: 'user' }>,
  tenant: TenantId,
  { usersOf, isSignedIn }: Dependencies,
): Promise<Principal> {
  const users = usersOf(tenant)
  const [user, isLive] = await Promise.all([users.find(token.user), isSignedIn(tenant, token.session)])
  if (!user) throw unauthorized('The person of the access token does not exist any more')
  if (user.disabledAt !== null) throw unauthorized('The account of the access token is disabled')
  if (!isLive) throw unauthorized('The sign-in of the access token has ended')
  const access = await users.accessOf(await users.groupsOf(user.id))
  return {
    kind: 'user',
    tenant,
    id: user.id,
    name: user.userPrincipalName,
    permissions: new Set(
      token.scopes.map(permissionOfScope).filter((permission) => permission !== undefined),
    ),
    rolePermissions: new Set<RolePermission>(access.rolePermissions),
    reach: access.reach,
    requestSource: isOurOwn(token.application) ? 'Portal' : 'PublicApi',
  }
}

/** True for the client ids of our own console and CLI. */
function isOurOwn(application: ApplicationId): boolean {
  return application === CONSOLE_CLIENT_ID || application === CLI_CLIENT_ID
}
