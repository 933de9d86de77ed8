import { OAuthError } from './oauth-error.ts'

/** `v1`: `/{tenant}/oauth2/token` with `resource`; `v2`: `/{tenant}/oauth2/v2.0/token` with `scope`. */
export type TokenVersion = 'v1' | 'v2'

const GRANT_TYPE = 'client_credentials'
const DEFAULT_SCOPE = '/.default'

/**
 * Reads what an application asks a token for; fields that it does not know are ignored.
 *
 * @returns the resource that the token is for, as the client wrote it
 * @throws OAuthError naming what is missing or wrong
 */
export function readTokenGrant(version: TokenVersion, form: Readonly<Record<string, string>>): string {
  const grantType = requireField(form, 'grant_type')
  if (grantType === GRANT_TYPE) return readResource(version, form)
  throw new OAuthError('unsupportedGrant', `The app requested the unsupported grant type '${grantType}'.`)
}

/** @throws OAuthError as Entra says that a field is missing */
export function requireField(form: Readonly<Record<string, string>>, name: string): string {
  const value = form[name]
  if (value) return value
  throw new OAuthError(
    'missingParameter',
    `The request body must contain the following parameter: '${name}'.`,
  )
}

function readResource(version: TokenVersion, form: Readonly<Record<string, string>>): string {
  if (version === 'v1' && form.resource) return form.resource
  const scope = requireField(form, version === 'v1' && !form.scope ? 'resource' : 'scope')
  const resources = scope
    .split(/\s+/)
    .filter((part) => part.endsWith(DEFAULT_SCOPE))
    .map((part) => part.slice(0, -DEFAULT_SCOPE.length))
  const [resource, second] = new Set(resources)
  if (!resource || second !== undefined) {
    throw new OAuthError(
      'badScope',
      `The provided value for the input parameter 'scope' is not valid. It must name one resource, followed by ${DEFAULT_SCOPE}.`,
    )
  }
  return resource
}
