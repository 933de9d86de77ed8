import { hash } from 'node:crypto'
import { addMs, formatInstant, type Instant, instantFromMs } from '@fleetsweep/protocol'
import { compactVerify, decodeJwt, decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { certificateKey, type StoredCertificate } from '../application/index.ts'
import { OAuthError } from './oauth-error.ts'

/** What MSAL signs with, old and new, and what a key on P-256 signs with. */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256']
/** How much the client's clock and ours may differ. */
const CLOCK_TOLERANCE_MS = 5 * 60_000
/** Sign-in libraries make assertions for ten minutes; one is remembered until it ends, so it has to. */
const MAX_LIFE_MS = 24 * 3_600_000

const Claims = Compile(
  Type.Object({
    iss: Type.String(),
    sub: Type.String(),
    aud: Type.Union([Type.String(), Type.Array(Type.String())]),
    exp: Type.Number(),
    nbf: Type.Optional(Type.Number()),
    jti: Type.Optional(Type.String({ minLength: 1 })),
  }),
)

/** An assertion that is good in itself; whether it was used before is another question. */
export type VerifiedAssertion = {
  /** Id of the certificate whose key signed it. */
  credential: string
  /** SHA-256 of its `jti`, or of all of it where it has none; hex. */
  idHash: string
  /** SHA-256 of all of it, hex. */
  assertionHash: string
  /** After this it would be refused for its age. */
  expiresAt: Instant
}

/**
 * Checks a JWT by which a program proves that it has the private key of a registered certificate.
 *
 * @throws OAuthError with Entra's number for what is wrong
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
 */
export async function verifyClientAssertion(
  assertion: string,
  expected: {
    clientId: string
    certificates: readonly StoredCertificate[]
    /** Names of the token endpoint and the issuer; lower case, without a slash at the end. */
    audiences: readonly string[]
    now: Instant
  },
): Promise<VerifiedAssertion> {
  const { clientId, certificates, audiences, now } = expected
  const { header, claims } = decode(assertion)
  const certificate = await findSigner(assertion, header, certificates)
  if (now < certificate.notBefore || now >= certificate.notAfter) {
    throw new OAuthError(
      'certificateOutOfTime',
      'The provided certificate is not within its specified validity period.',
    )
  }
  if (claims.iss.toLowerCase() !== clientId || claims.sub.toLowerCase() !== clientId) {
    throw new OAuthError(
      'otherClient',
      "Client assertion application identifier doesn't match 'client_id' parameter: 'iss' and 'sub' must both be the client id.",
    )
  }
  if (![claims.aud].flat().some((one) => audiences.includes(one.toLowerCase().replace(/\/+$/, '')))) {
    throw new OAuthError(
      'otherAudience',
      "Client assertion audience claim does not match Realm issuer: 'aud' must be the address of this token endpoint.",
    )
  }
  refuseOutOfTime(claims, now)
  return {
    credential: certificate.id,
    idHash: hash('sha256', claims.jti ?? assertion),
    assertionHash: hash('sha256', assertion),
    expiresAt: addMs(instantFromMs(claims.exp * 1_000), CLOCK_TOLERANCE_MS),
  }
}

function decode(assertion: string) {
  try {
    return { header: decodeProtectedHeader(assertion), claims: Claims.Parse(decodeJwt(assertion)) }
  } catch (cause) {
    throw new OAuthError(
      'badAssertion',
      "Invalid JWT token. The client assertion must be a signed JWT with 'iss', 'sub', 'aud' and 'exp'.",
      { cause },
    )
  }
}

/** The certificate that the header names, once its key is seen to have signed. */
async function findSigner(
  assertion: string,
  header: ProtectedHeaderParameters,
  certificates: readonly StoredCertificate[],
): Promise<StoredCertificate> {
  if (!ASSERTION_ALGORITHMS.includes(header.alg ?? '')) {
    throw new OAuthError(
      'badAssertion',
      `Invalid JWT token. The client assertion must be signed with ${ASSERTION_ALGORITHMS.join(', ')}.`,
    )
  }
  const named = thumbprintsIn(header)
  if (named.length === 0) {
    throw new OAuthError(
      'badAssertion',
      'Invalid JWT token. No certificate thumbprint specified in token header.',
    )
  }
  const certificate = certificates.find(
    ({ id, sha1, sha256, revokedAt }) =>
      revokedAt === null && named.every((name) => [id, sha1, sha256].includes(name)),
  )
  if (!certificate) throw badSignature('The key was not found.', named)
  try {
    await compactVerify(assertion, certificateKey(certificate.certificate), {
      algorithms: ASSERTION_ALGORITHMS,
    })
  } catch (cause) {
    throw badSignature(
      'The provided signature value did not match the expected signature value.',
      named,
      cause,
    )
  }
  return certificate
}

/** What the header says of the certificate; lower-case hex, or an id of ours. */
function thumbprintsIn(header: ProtectedHeaderParameters): string[] {
  const named = [header.x5t, header['x5t#S256']].filter((text) => typeof text === 'string')
  if (named.length > 0) return named.map(hexOf)
  if (typeof header.kid !== 'string') return []
  // MSAL puts nothing here; others put the thumbprint, as hex or encoded, or the id that we gave.
  return [/^[0-9a-f-]{36,64}$/i.test(header.kid) ? header.kid.toLowerCase() : hexOf(header.kid)]
}

function hexOf(encoded: string): string {
  return Buffer.from(encoded, 'base64url').subarray(0, 32).toString('hex')
}

function badSignature(reason: string, [thumbprint = '']: readonly string[], cause?: unknown): OAuthError {
  return new OAuthError(
    'badSignature',
    `Client assertion contains an invalid signature. [Reason - ${reason}, Thumbprint of key used by client: '${thumbprint.toUpperCase()}']`,
    { cause },
  )
}

function refuseOutOfTime({ exp, nbf }: { exp: number; nbf?: number }, now: Instant): void {
  const nowMs = now / 1_000
  const begins = (nbf ?? 0) * 1_000 - CLOCK_TOLERANCE_MS
  const ends = exp * 1_000 + CLOCK_TOLERANCE_MS
  const longest = nowMs + MAX_LIFE_MS + CLOCK_TOLERANCE_MS
  if (begins <= nowMs && nowMs < ends && exp * 1_000 <= longest) return
  throw new OAuthError(
    'assertionOutOfTime',
    `Client assertion is not within its valid time range. Current time: ${formatInstant(now)}; 'nbf' and 'exp' of the assertion must enclose it, and 'exp' be at most 24 hours ahead.`,
  )
}
