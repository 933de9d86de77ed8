import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Instant } from '@fleetsweep/protocol'
import type { FastifyReply } from 'fastify'
import type { ApiError } from './api-error.ts'
import { defenderErrors, type ErrorStyle } from './error-style.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const ODATA_TYPE = 'application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8'
const LOOPBACK = /^https:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/

/** Sets what every answer carries; a route may still say otherwise. */
export function setCommonHeaders(reply: FastifyReply, origin: string): void {
  reply.header('x-content-type-options', 'nosniff')
  reply.header('cache-control', 'no-store')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  // For localhost it would also hold for every other program that this computer serves there.
  if (origin.startsWith('https:') && !LOOPBACK.test(origin)) {
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
  occurrence: Parameters<ErrorStyle['write']>[1],
): FastifyReply {
  const { body, headers } = style.write(error, occurrence)
  return reply
    .code(error.status)
    .headers({ ...headers, ...error.headers, 'content-type': style.contentType })
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Answers what never became a request, on the bare socket: the parser gave up first. */
export function sendBroken(socket: Socket, refusal: ApiError, target: string, at: Instant): void {
  const { body } = defenderErrors.write(refusal, { target, at })
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    `Content-Type: ${defenderErrors.contentType}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}
