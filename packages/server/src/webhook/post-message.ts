import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Clock } from '@fleetsweep/protocol'
import { TargetRefused, type WebhookTargets } from './webhook-targets.ts'

/** What a receiver says beyond this is not read. */
const ANSWER_BYTES = 1_024

export type Posted =
  /** `retryAfter` and the first bytes of the body, as they came. */
  | { kind: 'answered'; status: number; retryAfter: string | undefined; answer: string }
  /** Why there was no answer, in one sentence. */
  | { kind: 'unanswered'; error: string }

export type PostOptions = {
  targets: WebhookTargets
  clock: Clock
  /** From the look-up of the name to the last byte of the answer. */
  timeoutMs: number
  /** Gives up when aborted. */
  signal: AbortSignal
}

/**
 * Posts a message to a receiver that may be slow, gone or hostile, on a connection of its own to an address that was
 * checked. Follows no redirects and uses no proxy. Never rejects.
 */
export async function postMessage(
  address: string,
  message: { headers: Readonly<Record<string, string>>; body: string },
  { targets, clock, timeoutMs, signal }: PostOptions,
): Promise<Posted> {
  const tooLong = new AbortController()
  const timer = clock.setTimer(timeoutMs, () => tooLong.abort())
  const ended = AbortSignal.any([signal, tooLong.signal])
  try {
    const url = targets.read(address)
    const addresses = await unlessAborted(targets.addressesOf(url), ended)
    return await post(url, message, pinned(addresses), ended)
  } catch (error) {
    if (tooLong.signal.aborted) return unanswered(`There was no answer within ${timeoutMs / 1_000} seconds.`)
    if (signal.aborted) return unanswered('The server stopped.')
    return unanswered(error instanceof TargetRefused ? error.message : explain(error))
  } finally {
    timer.cancel()
  }
}

function post(
  url: URL,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: string },
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<Posted> {
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: 'POST',
      // One of its own: no pool, and none of the settings by which a process may be told to use a proxy.
      agent: false,
      lookup,
      rejectUnauthorized: true,
      signal,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'fleetsweep',
      },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      void readAnswer(response).then((answer) => {
        request.destroy()
        const { statusCode: status = 0, headers } = response
        resolve({ kind: 'answered', status, retryAfter: headers['retry-after'], answer })
      })
    })
    request.end(body)
  })
}

/** The beginning of a body; of one that breaks off, what there was: the status has been said by then. */
function readAnswer(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const end = () => {
      const bytes = Buffer.concat(chunks).subarray(0, ANSWER_BYTES)
      // Databases take no NUL.
      resolve(bytes.toString('utf8').replaceAll('\0', '\uFFFD'))
    }
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= ANSWER_BYTES) end()
    })
    response.on('error', end)
    response.on('close', end)
  })
}

/** Answers every look-up of a connection with what was checked, and looks nothing up. */
function pinned(addresses: Awaited<ReturnType<WebhookTargets['addressesOf']>>): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses
    if (all === true) callback(null, addresses)
    else if (first) callback(null, first.address, first.family)
    else callback(new Error('There is no address.'), '')
  }
}

function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

function unanswered(error: string): Posted {
  return { kind: 'unanswered', error }
}

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: the connection was refused.',
  ECONNRESET: 'The receiver closed the connection without an answer.',
  EPIPE: 'The receiver closed the connection without an answer.',
  ETIMEDOUT: 'The connection was not made in time.',
  EHOSTUNREACH: 'There is no way to the receiver.',
  ENETUNREACH: 'There is no way to the receiver.',
}

/** Codes alone: messages of errors name addresses, and what stands in certificates. */
function explain(error: unknown): string {
  // A connection that was tried at several addresses fails with all of their errors.
  const [first] = error instanceof AggregateError ? error.errors : [error]
  const code = first instanceof Error && 'code' in first ? String(first.code) : 'unknown error'
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return `The certificate of the receiver cannot be trusted (${code}).`
  }
  return SENTENCES[code] ?? `The call failed (${code}).`
}
