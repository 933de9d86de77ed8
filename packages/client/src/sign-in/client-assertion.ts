import { ClientError } from '../client-error.ts'
import { base64url } from './base64url.ts'

/** A certificate that is registered with an application, and its key. */
export type ClientCertificate = {
  /** PEM. */
  certificate: string
  /** PEM (PKCS #8) of an RSA or P-256 key, or a key of Web Crypto that may sign: RSA-PSS, RSASSA-PKCS1-v1_5 or ECDSA. */
  privateKey: string | CryptoKey
}

const LIFE_SECONDS = 600

/** What each kind of key signs with. */
const SIGNS = {
  'RSA-PSS': { alg: 'PS256', with: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 } },
  'RSASSA-PKCS1-v1_5': { alg: 'RS256', with: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } },
  ECDSA: { alg: 'ES256', with: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' } },
} as const
type KeyKind = keyof typeof SIGNS

/** How each kind of key names itself in PKCS #8: its object identifier, as hex. */
const KEY_IDENTIFIERS: readonly [string, KeyKind][] = [
  ['06092a864886f70d010101', 'RSA-PSS'],
  ['06072a8648ce3d0201', 'ECDSA'],
]

/**
 * Signs that this program holds the key of a certificate, for ten minutes and for one token endpoint.
 *
 * @param by.nowMs the wall clock; the server's may differ by five minutes
 * @throws ClientError `SignInRefused` for a key that cannot be used
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
 */
export async function signClientAssertion(
  { certificate, privateKey }: ClientCertificate,
  { clientId, audience, nowMs }: { clientId: string; audience: string; nowMs: number },
): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new ClientError('SignInRefused', 'Signing in with a certificate needs an https address')
  }
  const key = typeof privateKey === 'string' ? await readKey(privateKey) : privateKey
  const kind = kindOf(key)
  const thumbprint = await crypto.subtle.digest('SHA-256', readPem(certificate, 'CERTIFICATE'))
  const nowSeconds = Math.floor(nowMs / 1_000)
  const header = { alg: SIGNS[kind].alg, typ: 'JWT', 'x5t#S256': base64url(new Uint8Array(thumbprint)) }
  const claims = {
    aud: audience,
    iss: clientId,
    sub: clientId,
    jti: crypto.randomUUID(),
    nbf: nowSeconds,
    exp: nowSeconds + LIFE_SECONDS,
  }
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = await crypto.subtle.sign(SIGNS[kind].with, key, new TextEncoder().encode(signed))
  return `${signed}.${base64url(new Uint8Array(signature))}`
}

async function readKey(pem: string): Promise<CryptoKey> {
  const bytes = readPem(pem, 'PRIVATE KEY')
  const start = Array.from(bytes.subarray(0, 40), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const kind = KEY_IDENTIFIERS.find(([identifier]) => start.includes(identifier))?.[1]
  if (kind === undefined) throw unusable('it is neither an RSA nor a P-256 key')
  try {
    return await crypto.subtle.importKey('pkcs8', bytes, SIGNS[kind].with, false, ['sign'])
  } catch (cause) {
    throw unusable('it is neither an RSA nor a P-256 key', cause)
  }
}

function kindOf({ algorithm: { name } }: CryptoKey): KeyKind {
  if (name === 'RSA-PSS' || name === 'RSASSA-PKCS1-v1_5' || name === 'ECDSA') return name
  throw unusable(`keys of kind ${name} do not sign`)
}

function readPem(text: string, label: 'CERTIFICATE' | 'PRIVATE KEY'): Uint8Array<ArrayBuffer> {
  const found = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(
    text,
  )?.[1]
  if (found === undefined) {
    const hint = 'An older form of key becomes one with: openssl pkcs8 -topk8 -nocrypt'
    throw new ClientError('SignInRefused', `No PEM block "${label}" in what was given. ${hint}`)
  }
  return Uint8Array.from(atob(found.replaceAll(/\s/g, '')), (character) => character.charCodeAt(0))
}

function unusable(why: string, cause?: unknown): ClientError {
  return new ClientError('SignInRefused', `The private key cannot be used: ${why}`, { cause })
}

function encode(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)))
}
