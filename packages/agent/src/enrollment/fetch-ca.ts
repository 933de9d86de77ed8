import { createHash, X509Certificate } from 'node:crypto'
import { CA_PATH } from '@fleetsweep/protocol'
import { EnrollmentError } from './enrollment-error.ts'
import { sendHttpRequest } from './http-request.ts'

const MAX_CA_BYTES = 64 * 1024

/**
 * Fetches the certificate authority of a server that no public authority vouches for, and takes it only when it is the
 * one whose fingerprint the enrollment token carries. Until then nothing that the server says counts.
 */
export async function fetchCa(origin: string, caSha256: string): Promise<string> {
  const url = new URL(CA_PATH, origin)
  const answer = await sendHttpRequest({ method: 'GET', url, unverified: true, maxAnswerBytes: MAX_CA_BYTES })
  if (answer.status !== 200) {
    throw new EnrollmentError(
      `${url} answered ${answer.status}: the server has no certificate authority to show.`,
    )
  }
  return checkCa(answer.body, caSha256, String(url))
}

function checkCa(pem: string, caSha256: string, source: string): string {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch (cause) {
    throw new EnrollmentError(`${source} is not a certificate in PEM.`, { cause })
  }
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
  if (fingerprint !== caSha256) {
    throw new EnrollmentError(
      `The certificate authority at ${source} is not the one of the enrollment token (its SHA-256 is ${fingerprint}). ` +
        'Check the address of the server, and that nobody stands between.',
    )
  }
  if (!certificate.ca) throw new EnrollmentError(`${source} is not a certificate authority.`)
  // Written anew, because the answer may hold more certificates than the one that was compared.
  return certificate.toString()
}
