import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { Clock } from '@fleetsweep/protocol'

export type FetchJsonOptions = {
  /** The certificate authority that vouches for the other end, PEM; null for those that the system trusts. */
  caPem: string | null
  /** From the first byte sent to the last one received. */
  timeoutMs: number
  maxBytes: number
  clock: Clock
}

/**
 * Gets a small JSON document from a server that may be slow, gone or hostile. Follows no redirects.
 *
 * @throws Error when it does not come whole, in time, within the limit, with status 200, as JSON
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<unknown> {
  const { caPem, timeoutMs, clock } = options
  const ended = new AbortController()
  const timer = clock.setTimer(timeoutMs, () =>
    ended.abort(new Error(`${url} did not answer within ${timeoutMs} ms`)),
  )
  try {
    const body = await get(url, { caPem, maxBytes: options.maxBytes, signal: ended.signal })
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw ended.signal.aborted ? ended.signal.reason : cause
  } finally {
    timer.cancel()
  }
}

function get(
  url: string,
  { caPem, maxBytes, signal }: { caPem: string | null; maxBytes: number; signal: AbortSignal },
): Promise<Buffer> {
  const send = url.startsWith('https:') ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json' }
    // A connection of its own: there are two calls in minutes, and no other may wait behind them.
    const request = send(url, { agent: false, headers, signal, ...(caPem === null ? {} : { ca: caPem }) })
    request.on('error', reject)
    request.on('response', (response) => {
      const fail = (why: string) => {
        request.destroy()
        reject(new Error(`${url} ${why}`))
      }
      if (response.statusCode !== 200) {
        fail(`answered ${response.statusCode}`)
        return
      }
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) fail(`answered more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks)))
      response.on('error', reject)
    })
    request.end()
  })
}
