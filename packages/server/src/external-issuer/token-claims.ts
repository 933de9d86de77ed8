import { isPermission, type Permission, permissionOfScope } from '@fleetsweep/protocol'
import type { ExternalIssuer } from '../config/index.ts'

/** What a token of an external issuer says, in our words. */
export type TokenClaims = {
  kind: 'application' | 'user'
  subject: string
  /** Shown as `requestor`. */
  name: string
  permissions: Permission[]
  /** Groups of the issuer's directory that a person is in. */
  groups: string[]
}

type Payload = Readonly<Record<string, unknown>>

const MAX_TEXT = 256
/** Entra puts at most 200 groups into a token. */
const MAX_GROUPS = 500
const NAME_CLAIMS: Record<TokenClaims['kind'], readonly string[]> = {
  user: ['preferred_username', 'upn', 'unique_name', 'email', 'name'],
  application: ['app_displayname', 'azp', 'appid', 'client_id'],
}

/**
 * Reads the claims of a token whose signature, audience and times are right.
 *
 * @throws Error when it names nobody, or is no access token
 */
export function readTokenClaims(payload: Payload, issuer: ExternalIssuer): TokenClaims {
  refuseOtherTokens(payload)
  const { claims } = issuer
  const subject = textOf(at(payload, claims.subject ?? 'sub'))
  if (subject === undefined) throw new Error('the token names nobody')
  const kind = isApplication(payload, issuer) ? 'application' : 'user'
  const names = claims.name === undefined ? NAME_CLAIMS[kind] : [claims.name]
  const name = names.map((claim) => textOf(at(payload, claim))).find((text) => text !== undefined)
  return {
    kind,
    subject,
    name: name ?? subject,
    permissions: permissionsOf(payload, issuer, kind),
    groups: kind === 'user' ? listOf(at(payload, claims.groups ?? 'groups')).slice(0, MAX_GROUPS) : [],
  }
}

/** An ID token is for the program that a person signed in to, and says nothing of what it may do elsewhere. */
function refuseOtherTokens({ typ, nonce, at_hash }: Payload): void {
  const isBearer = typ === undefined || (typeof typ === 'string' && typ.toLowerCase() === 'bearer')
  if (!isBearer || nonce !== undefined || at_hash !== undefined) throw new Error('this is no access token')
}

/**
 * An application reaches every machine of its tenant, so that a token counts as a person's unless it is marked.
 * Entra marks those of applications by `idtyp`, or by an object that is its own subject.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
 */
function isApplication(payload: Payload, { applications, claims }: ExternalIssuer): boolean {
  if (applications !== null) {
    const found = textOf(at(payload, applications.claim))
    return applications.value === undefined ? found !== undefined : found === applications.value
  }
  const { idtyp, oid, sub, scp, scope } = payload
  const hasScopes = [scp, scope, scopesOf(payload, claims)].some((scopes) => scopes !== undefined)
  if (hasScopes) return false
  return idtyp === 'app' || (idtyp === undefined && typeof oid === 'string' && oid === sub)
}

function scopesOf(payload: Payload, claims: ExternalIssuer['claims']): unknown {
  return claims.scopes === undefined ? (payload.scp ?? payload.scope) : at(payload, claims.scopes)
}

function permissionsOf(payload: Payload, issuer: ExternalIssuer, kind: TokenClaims['kind']): Permission[] {
  const { claims, permissions } = issuer
  const granted = kind === 'application' ? at(payload, claims.roles ?? 'roles') : scopesOf(payload, claims)
  const found = listOf(granted).flatMap((name) => {
    if (permissions !== null) return permissions.get(name) ?? []
    const one = kind === 'user' ? permissionOfScope(name) : isPermission(name) ? name : undefined
    return one === undefined ? [] : [one]
  })
  return [...new Set(found)]
}

/** A claim by its name, or, where there is none of that name, by a path: `realm_access.roles`. */
function at(payload: Payload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path]
  let value: unknown = payload
  for (const name of path.split('.'))
    value = isTable(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

function isTable(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Issuers write several words as a list or as one text with blanks between. */
function listOf(value: unknown): string[] {
  const values = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  return values.map(textOf).filter((text) => text !== undefined)
}

/** What may be stored, shown and compared, and looks like what it is; anything else counts as not said. */
function textOf(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && value.isWellFormed()
  return isText && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value) ? value : undefined
}
