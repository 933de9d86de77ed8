import { OAuthError } from './oauth-error.ts'

/** `v1`: `/{tenant}/oauth2/token` with `resource`; `v2`: `/{tenant}/oauth2/v2.0/token` with `scope`. */
export type TokenVersion = 'v1' | 'v2'

/** What a client asks the token endpoint for. */
export type TokenGrant = { clientId: string; clientSecret: string; resource: string }

const GRANT_TYPE = 'client_credentials'
const DEFAULT_SCOPE = '/.default'

/**
 * Reads a token request; fields that it does not know are ignored.
 *
 * @param authorization the Authorization header, for clients that send their secret there
 * @throws OAuthError naming what is missing or wrong
 */
export function readTokenGrant(
  version: TokenVersion,
  form: Readonly<Record<string, string>>,
  authorization: string | undefined,
): TokenGrant {
  const grantType = require(form, 'grant_type')
  if (grantType !== GRANT_TYPE) {
    throw new OAuthError('unsupportedGrant', `The app requested the unsupported grant type '${grantType}'.`)
  }
  const clientId = readClientId(form, authorization)
  const resource = readResource(version, form)
  return { clientId, clientSecret: readClientSecret(form, authorization), resource }
}

/** @throws OAuthError when it names no application */
export function readClientId(
  form: Readonly<Record<string, string>>,
  authorization: string | undefined,
): string {
  const clientId = form.client_id || readBasic(authorization)?.clientId || require(form, 'client_id')
  return clientId.trim().toLowerCase()
}

/** @throws OAuthError when there is none */
export function readClientSecret(
  form: Readonly<Record<string, string>>,
  authorization: string | undefined,
): string {
  const clientSecret = form.client_secret || readBasic(authorization)?.clientSecret
  if (clientSecret) return clientSecret
  throw new OAuthError(
    'missingSecret',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  )
}

function require(form: Readonly<Record<string, string>>, name: string): string {
  const value = form[name]
  if (value) return value
  throw new OAuthError(
    'missingParameter',
    `The request body must contain the following parameter: '${name}'.`,
  )
}

function readResource(version: TokenVersion, form: Readonly<Record<string, string>>): string {
  if (version === 'v1' && form.resource) return form.resource
  const scope = require(form, version === 'v1' && !form.scope ? 'resource' : 'scope')
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

function readBasic(
  authorization: string | undefined,
): { clientId: string; clientSecret: string } | undefined {
  const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { clientId: formDecode(text.slice(0, colon)), clientSecret: formDecode(text.slice(colon + 1)) }
}

/** RFC 6749 wants both halves form-encoded; a client that did not cannot have meant an escape that is none. */
function formDecode(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? text
}
