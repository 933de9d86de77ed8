import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'

export type CallAnswer = {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** The body as JSON; fails where it is none. */
  json<T = Record<string, unknown>>(): T
}

/** Sends a request exactly as written: nothing of the target is escaped, and no header is added but Host. */
export async function call(
  origin: string,
  target: string,
  options: {
    headers?: Record<string, string>
    body?: string | Buffer | object
    /** Address of this computer to call from, such as `127.0.0.2`. */
    from?: string
  } = {},
): Promise<CallAnswer> {
  const [method, path] = target.split(' ')
  const { hostname, port } = new URL(origin)
  const body = encode(options.body)
  const sent = request({
    hostname,
    port,
    method,
    path,
    agent: false,
    ...(options.from === undefined ? {} : { localAddress: options.from }),
    headers: { ...(body === undefined ? {} : { 'content-length': body.length }), ...options.headers },
  })
  sent.end(body)
  const [response] = await once(sent, 'response')
  const answer = await text(response)
  return {
    status: response.statusCode,
    headers: response.headers,
    text: answer,
    json: () => JSON.parse(answer),
  }
}

function encode(body: string | Buffer | object | undefined): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
