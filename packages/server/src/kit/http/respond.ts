import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { ApiError } from './api-error.ts'
import type { ErrorStyle } from './error-style.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const ODATA_TYPE = 'application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8'

/** Sets what every answer carries; a route may still say otherwise. */
export function setCommonHeaders(reply: FastifyReply, origin: string): void {
  reply.header('x-content-type-options', 'nosniff')
  reply.header('cache-control', 'no-store')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  if (origin.startsWith('https:')) {
    reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains')
  }
}

/** Sends JSON, compact: some clients compare the bytes. Below `/api` it is OData. */
export function sendJson(reply: FastifyReply, status: number, body: unknown, path: string): FastifyReply {
  if (path.startsWith('/api/')) reply.header('content-type', ODATA_TYPE).header('odata-version', '4.0')
  else reply.header('content-type', JSON_TYPE)
  return reply.code(status).send(JSON.stringify(body))
}

/** Sends what is not JSON: text, bytes or a stream. */
export function sendMedia(reply: FastifyReply, status: number, body: unknown, type: string): FastifyReply {
  if (typeof body !== 'string' && !Buffer.isBuffer(body) && !(body instanceof Readable)) {
    throw new TypeError(`An answer of type ${type} must be text, bytes or a stream.`)
  }
  return reply.code(status).header('content-type', type).send(body)
}

/** Sends a refusal or failure. */
export function sendError(
  reply: FastifyReply,
  error: ApiError,
  style: ErrorStyle,
  occurrence: Parameters<ErrorStyle>[1],
): FastifyReply {
  const { contentType, body } = style(error, occurrence)
  return reply
    .code(error.status)
    .headers({ ...error.headers, 'content-type': contentType })
    .send(JSON.stringify(body))
}

/** Answers what is not even HTTP, on the bare socket: the parser gave up before there was a request. */
export function answerBrokenRequest(error: { code: string }, socket: Socket): void {
  // Nobody listens any more, or an answer is already under way.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy()
    return
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new ApiError('RequestTooLarge', 'The headers of the request are too large')
      : new ApiError('BadRequest', 'The request is not HTTP')
  const body = JSON.stringify({
    error: { code: refusal.code, message: refusal.message, target: crypto.randomUUID() },
  })
  socket.end(
    `HTTP/1.1 ${refusal.status} Bad Request\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
