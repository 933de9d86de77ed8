import { OAuthError } from './oauth-error.ts'
import { requireField } from './token-grant.ts'

/** What a program shows to say who it is. */
export type ClientCredentials = { clientId: string } & (
  | { kind: 'secret'; secret: string }
  | { kind: 'certificate'; assertion: string }
)

/** @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Reads a program's credentials from the form of a token request, or from its Authorization header. An assertion counts
 * before a secret.
 *
 * @throws OAuthError naming what is missing or wrong
 */
export function readClientCredentials(
  form: Readonly<Record<string, string>>,
  authorization: string | undefined,
): ClientCredentials {
  const basic = readBasic(authorization)
  const clientId = (form.client_id || basic?.clientId || requireField(form, 'client_id')).trim().toLowerCase()
  if (form.client_assertion) {
    if (requireField(form, 'client_assertion_type') === ASSERTION_TYPE) {
      return { clientId, kind: 'certificate', assertion: form.client_assertion }
    }
    throw new OAuthError('badRequest', `The parameter 'client_assertion_type' must be '${ASSERTION_TYPE}'.`)
  }
  const secret = form.client_secret || basic?.clientSecret
  if (secret) return { clientId, kind: 'secret', secret }
  throw new OAuthError(
    'missingSecret',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  )
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
