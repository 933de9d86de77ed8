import { hash } from 'node:crypto'
import { type ApplicationId, type Clock, isGuid, type TenantId } from '@fleetsweep/protocol'
import { decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { ApplicationStore, StoredApplication } from '../application/index.ts'
import { BoundedMap } from '../kit/bounded-map.ts'
import { ApiError, type HttpServerOptions, type Origins } from '../kit/http/index.ts'
import type { Principal } from '../principal/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import { type AccessToken, verifyAccessToken } from './access-token.ts'

/** Verifying a signature costs a hundred times what finding the token again does. */
const MAX_VERIFIED_TOKENS = 10_000
const MAX_APPLICATIONS = 10_000
/** How long a change to an application may take to reach the calls of its tokens. */
const APPLICATION_FRESH_MS = 1_000

type Verified = AccessToken & { tenant: TenantId }

type Dependencies = {
  applicationsOf: (tenant: TenantId) => ApplicationStore
  signingKeys: SigningKeys
  origins: Origins
  clock: Clock
}

/**
 * Makes the function that turns a bearer token into a principal. Its permissions are those that stand in the token and
 * that the application still holds.
 */
export function authenticator(
  dependencies: Dependencies,
): HttpServerOptions<Principal, unknown>['authenticate'] {
  const { clock } = dependencies
  const verified = new BoundedMap<string, Verified>(MAX_VERIFIED_TOKENS)
  const findApplication = freshApplications(dependencies)
  return async ({ authorization }) => {
    const token = bearerToken(authorization)
    const key = hash('sha256', token, 'base64')
    const known = verified.get(key) ?? (await verify(token, dependencies))
    if (known.expiresAtSeconds * 1_000_000 <= clock.now()) {
      verified.delete(key)
      throw unauthorized('The access token has expired')
    }
    verified.set(key, known)
    const application = await findApplication(known.tenant, known.application)
    if (!application) throw unauthorized('The application of the access token does not exist any more')
    return {
      kind: 'application',
      tenant: known.tenant,
      id: application.id,
      name: application.displayName,
      permissions: new Set(application.permissions.filter((permission) => known.roles.includes(permission))),
      reach: { kind: 'allMachines' },
      limits: application.limits,
    }
  }
}

function bearerToken(authorization: string | undefined): string {
  const token = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw unauthorized('A bearer token is missing from the Authorization header')
  return token
}

async function verify(token: string, { signingKeys, origins, clock }: Dependencies): Promise<Verified> {
  try {
    // Not trusted yet: it only says whose keys must have signed.
    const { tid } = decodeJwt(token)
    const { kid } = decodeProtectedHeader(token)
    if (typeof tid !== 'string' || !isGuid(tid)) throw new errors.JWTInvalid('it names no tenant')
    const tenant = tid.toLowerCase() as TenantId
    let keys = (await signingKeys.tokenKeys(tenant)).public
    if (!keys.some((candidate) => candidate.kid === kid))
      keys = (await signingKeys.tokenKeysAnew(tenant)).public
    return { ...(await verifyAccessToken(token, { tenant, keys, origins: origins.all, clock })), tenant }
  } catch (cause) {
    throw unauthorized('The access token is not valid', cause)
  }
}

function unauthorized(message: string, cause?: unknown): ApiError {
  return new ApiError('Unauthorized', message, { headers: { 'www-authenticate': 'Bearer' }, cause })
}

/** Reads an application again at most once in `APPLICATION_FRESH_MS`, however many calls it makes. */
function freshApplications({ applicationsOf, clock }: Dependencies) {
  type Entry = { application: Promise<StoredApplication | undefined>; readAtMs: number }
  const known = new BoundedMap<string, Entry>(MAX_APPLICATIONS)
  return (tenant: TenantId, id: ApplicationId): Promise<StoredApplication | undefined> => {
    const key = `${tenant}/${id}`
    const nowMs = clock.monotonicMs()
    const entry = known.get(key)
    if (entry && nowMs - entry.readAtMs < APPLICATION_FRESH_MS) return entry.application
    const application = applicationsOf(tenant).find(id)
    known.set(key, { application, readAtMs: nowMs })
    // A failed read is tried again by the next call.
    application.catch(() => {
      if (known.get(key)?.application === application) known.delete(key)
    })
    return application
  }
}
