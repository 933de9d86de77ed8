import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { TLSSocket } from 'node:tls'
import { EnrollmentError } from './enrollment-error.ts'

const TIMEOUT_MS = 30_000

/** What OpenSSL calls a certificate whose authority is not known. */
const UNTRUSTED = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]

export type HttpAnswer = {
  status: number
  body: string
  /** The server's clock as it says, to the second. */
  date: string | undefined
  /** When the server's certificate ends; absent over plain HTTP. */
  certificateEndsAtMs: number | undefined
}

export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT'
  url: URL
  /** JSON, unless `headers` says otherwise. */
  body?: string | Buffer
  headers?: Readonly<Record<string, string>>
  /** The only authority to trust; without it those of the system. */
  caPem?: string | undefined
  /** Takes any certificate. For what is checked by other means, and nothing else. */
  unverified?: boolean
  maxAnswerBytes: number
}

/**
 * Sends one request and reads the whole answer. Follows no redirect: an enrollment goes to the named server only.
 *
 * @throws EnrollmentError when no answer comes
 */
export async function sendHttpRequest(request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await exchange(request)
  } catch (cause) {
    throw new EnrollmentError(`${request.url.origin} could not be reached: ${reasonOf(cause)}`, { cause })
  }
}

function exchange(request: HttpRequest): Promise<HttpAnswer> {
  const send = request.url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = send(
      request.url,
      {
        method: request.method,
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(request.body !== undefined && { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(request.caPem === undefined ? {} : { ca: request.caPem }),
        ...(request.unverified ? { rejectUnauthorized: false } : {}),
      },
      (incoming) => {
        const { socket } = incoming
        const certificateEndsAtMs =
          socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : undefined
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > request.maxAnswerBytes) incoming.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        incoming.on('error', reject)
        incoming.on('end', () => {
          const status = incoming.statusCode ?? 0
          const body = Buffer.concat(chunks).toString('utf8')
          resolve({ status, body, date: incoming.headers.date, certificateEndsAtMs })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if ('code' in cause && UNTRUSTED.includes(String(cause.code))) {
    return 'its certificate is from no authority that this machine trusts. Give that authority with --ca FILE'
  }
  // A host with several addresses fails with one error for each, and no message of its own.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : undefined
  return cause.message || (first === undefined ? cause.name : reasonOf(first))
}
