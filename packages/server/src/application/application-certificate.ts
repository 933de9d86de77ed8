import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import { type Instant, instantFromMs } from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'
import type { NewCertificate } from './application-store.ts'

const MIN_RSA_BITS = 2_048
/** A signature by a larger key costs whoever checks it more than it costs to ask for. */
const MAX_RSA_BITS = 8_192
/** The name that Node gives P-256, the curve of ES256. */
const P256 = 'prime256v1'

/**
 * Reads an uploaded certificate.
 *
 * @throws ApiError `InvalidInput` for what is not one certificate, for one that is over, and for a key that is too weak
 *   or of a kind that no assertion is signed with; also where a private key came along
 */
export function readCertificate(pem: string, now: Instant): Omit<NewCertificate, 'id' | 'description'> {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem)) {
    throw refused(
      'The upload holds a private key, which must stay with the program. Nothing was kept; but it has travelled, so make a new key and send its certificate alone',
    )
  }
  const certificate = parse(pem)
  refuseWeakKey(certificate.publicKey)
  const [notBefore, notAfter] = [instantOf(certificate.validFrom), instantOf(certificate.validTo)]
  if (notAfter <= now) throw refused(`The certificate ended on ${certificate.validTo}`)
  return { certificate: certificate.toString(), ...thumbprintsOf(certificate.raw), notBefore, notAfter }
}

function parse(pem: string): X509Certificate {
  const count = pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0
  if (count > 1) throw refused('The upload holds more than one certificate. Send that of the program alone')
  try {
    if (count === 1) return new X509Certificate(pem)
  } catch (cause) {
    throw refused('The certificate cannot be read', cause)
  }
  throw refused('The upload holds no certificate in PEM (-----BEGIN CERTIFICATE-----)')
}

function refuseWeakKey(key: KeyObject): void {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec' && namedCurve === P256) return
  if (key.asymmetricKeyType !== 'rsa') {
    throw refused('The key of the certificate must be RSA, or EC on the curve P-256')
  }
  if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
    throw refused(
      `The RSA key of the certificate has ${modulusLength} bits; it must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`,
    )
  }
}

function thumbprintsOf(der: Buffer): { sha1: string; sha256: string } {
  const [sha1, sha256] = ['sha1', 'sha256'].map((name) => createHash(name).update(der).digest('hex'))
  return { sha1: sha1 ?? '', sha256: sha256 ?? '' }
}

/** What a reader wants to know of a stored certificate. */
export function describeCertificate(pem: string): { subject: string; key: string } {
  const { subject, publicKey } = new X509Certificate(pem)
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  return {
    subject: subject?.replaceAll('\n', ', ') ?? '',
    key: bits === undefined ? 'EC P-256' : `RSA ${bits}`,
  }
}

/** The key that checks what the certificate's owner signed. */
export function certificateKey(pem: string): KeyObject {
  return new X509Certificate(pem).publicKey
}

/** Node tells times as OpenSSL prints them: `Nov 24 08:00:00 2026 GMT`. */
function instantOf(text: string): Instant {
  return instantFromMs(Date.parse(text))
}

function refused(message: string, cause?: unknown): ApiError {
  return new ApiError('InvalidInput', message, { cause })
}
