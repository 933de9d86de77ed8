import 'reflect-metadata'
import { createHash, randomUUID, webcrypto } from 'node:crypto'
import type { Instant } from '@fleetsweep/protocol'
import { X509CertificateGenerator } from '@peculiar/x509'
import { SignJWT } from 'jose'

const DAY_MS = 86_400_000

/** What the keys of test certificates are made of, by the algorithm that signs with them. */
const KEYS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) },
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
} as const

export type ClientCertificate = {
  pem: string
  /** PKCS #8. */
  privatePem: string
  sha1: Buffer
  sha256: Buffer
}

/** A self-signed certificate as programs bring them; good from a day ago for a year unless told otherwise. */
export async function clientCertificate(
  now: Instant,
  given: { kind?: 'RSA' | 'P-256' | 'P-384'; bits?: number; fromDay?: number; toDay?: number } = {},
): Promise<ClientCertificate> {
  const { kind = 'RSA', bits = 2_048, fromDay = -1, toDay = 365 } = given
  const algorithm =
    kind === 'RSA' ? { ...KEYS.RS256, modulusLength: bits } : kind === 'P-256' ? KEYS.ES256 : KEYS.ES384
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Playbooks',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now / 1_000 + fromDay * DAY_MS),
    notAfter: new Date(now / 1_000 + toDay * DAY_MS),
  })
  const der = Buffer.from(certificate.rawData)
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    pem: certificate.toString('pem'),
    privatePem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    sha1: createHash('sha1').update(der).digest(),
    sha256: createHash('sha256').update(der).digest(),
  }
}

/** Signs an assertion as MSAL does, but for what is given. */
export async function signAssertion(
  { privatePem, sha256 }: ClientCertificate,
  by: { clientId: string; audience: string; now: Instant },
  given: {
    alg?: 'RS256' | 'PS256' | 'ES256'
    header?: Record<string, unknown>
    claims?: Record<string, unknown>
  } = {},
): Promise<string> {
  const { alg = 'PS256', header = { 'x5t#S256': sha256.toString('base64url') }, claims = {} } = given
  const nowSeconds = Math.floor(by.now / 1_000_000)
  const der = Buffer.from(privatePem.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64')
  const key = await webcrypto.subtle.importKey('pkcs8', der, KEYS[alg], false, ['sign'])
  return new SignJWT({
    aud: by.audience,
    iss: by.clientId,
    sub: by.clientId,
    exp: nowSeconds + 600,
    nbf: nowSeconds,
    jti: randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg, ...header })
    .sign(key)
}
