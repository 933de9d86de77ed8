import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { AnswerCheck, type Described } from './answer-check.ts'

let check: AnswerCheck | undefined

/**
 * Checks everything that a server answers against the API's description. What is wrong is thrown where nobody catches
 * it, so that it ends a program and fails a test run, whoever made the call and whatever they thought of the answer.
 *
 * @param descriptionFile holds a `Described`
 */
export function watchAnswers(server: Server, descriptionFile: string): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const sent = recordOf(response)
    const { method = '', url: target = '' } = request
    response.once('close', () => {
      if (!response.headersSent) return
      check ??= new AnswerCheck(JSON.parse(readFileSync(descriptionFile, 'utf8')) as Described)
      const complaint = check.complaintOf({
        method,
        target,
        status: response.statusCode,
        headers: { ...response.getHeaders(), ...sent.headers },
        body: response.writableFinished ? Buffer.concat(sent.chunks).toString('utf8') : undefined,
      })
      if (complaint === undefined) return
      setImmediate(() => {
        throw new Error(`An answer is not what docs/openapi.md promises.\n${complaint}`)
      })
    })
  })
}

/** What is sent from now on; headers by their lower-case names, as far as they are given at the last moment. */
function recordOf(response: ServerResponse) {
  const sent = { headers: {} as Record<string, unknown>, chunks: [] as Buffer[] }
  listen(response, 'writeHead', (given) => {
    const headers = given.at(-1)
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return
    for (const [name, value] of Object.entries(headers)) sent.headers[name.toLowerCase()] = value
  })
  const keep = ([chunk, encoding]: readonly unknown[]): void => {
    if (typeof chunk === 'string') {
      sent.chunks.push(
        Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'),
      )
    } else if (chunk instanceof Uint8Array) sent.chunks.push(Buffer.from(chunk))
  }
  listen(response, 'write', keep)
  listen(response, 'end', keep)
  return sent
}

/** Tells with what a method of the response is called, before it is. */
function listen(
  response: ServerResponse,
  name: 'writeHead' | 'write' | 'end',
  hear: (given: readonly unknown[]) => void,
): void {
  const original: unknown = response[name]
  const heard = (...given: unknown[]): unknown => {
    hear(given)
    return Reflect.apply(original as (...given: unknown[]) => unknown, response, given)
  }
  Object.assign(response, { [name]: heard })
}
