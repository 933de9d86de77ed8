import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Answer } from './answer.ts'
import { ApiError, notFound } from './api-error.ts'
import type { Exceeded } from './call-limiter.ts'
import type { HttpServerOptions } from './http-server.ts'
import { type Caller, type Operation, type OperationRequest, requireAllowed } from './operation.ts'
import { bodyReader, isJsonType, isKeepable, readBody } from './request-body.ts'
import { parseSearch, queryReader } from './request-query.ts'
import { routerPath, splitTarget } from './request-target.ts'
import { sendJson, sendMedia } from './respond.ts'

/** Most that a body may hold where the operation says nothing else. */
export const DEFAULT_BODY_LIMIT_BYTES = 256 * 1024

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Pick<Operation<unknown, unknown>, 'route' | 'path' | 'errors' | 'access'>
  }
  interface FastifyRequest {
    /** Whoever authenticated; the operation knows the type. */
    caller: unknown
    /** Where the call came from: an IP address, as far as trusted proxies say. */
    address: string
  }
}

/**
 * Serves one operation, always in the same order: authenticate, limit, permission, read and validate, handle, answer.
 * The body of a call that is refused is never read.
 */
export function serveOperation<Principal extends Caller, Services>(
  server: FastifyInstance,
  operation: Operation<Principal, Services>,
  options: HttpServerOptions<Principal, Services>,
): void {
  const read = inputReader(operation)
  const send = answerSender(operation)
  server.route({
    method: operation.method,
    url: routerPath(operation.path),
    config: { operation },
    bodyLimit: operation.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
    onRequest: async (request) => {
      await admit(request, operation, options)
      refuseOtherTypes(request, operation)
    },
    handler: async (request, reply) => {
      const call = new Call<Principal>(request, reply, options.origins.of(request.headers.host))
      await read(call)
      return send(reply, await operation.handle(call, options.services))
    },
  })
}

/** Lets a call in, and notes who makes it as soon as that is known: a refusal is theirs from then on. */
async function admit<Principal extends Caller, Services>(
  request: FastifyRequest,
  { access, callClass }: Operation<Principal, Services>,
  options: HttpServerOptions<Principal, Services>,
): Promise<void> {
  const { limiter } = options
  if ('anonymous' in access) {
    refuseTooMany(limiter.countAnonymous(request.address, callClass))
    return
  }
  const caller = await authenticate(request, options)
  request.caller = caller
  refuseTooMany(limiter.countCall(caller, callClass))
  if ('permission' in access) requireAllowed(caller, access)
}

async function authenticate<Principal extends Caller, Services>(
  { headers, address }: FastifyRequest,
  { authenticate, limiter, origins }: HttpServerOptions<Principal, Services>,
): Promise<Principal> {
  const { authorization, host } = headers
  try {
    return await authenticate({ authorization, origin: origins.of(host), address })
  } catch (error) {
    // After the attempt, not before: behind one address, those with good tokens go on.
    if (error instanceof ApiError && error.status === 401) {
      refuseTooMany(limiter.countAnonymous(address, 'failedAuthentication'))
    }
    throw error
  }
}

function refuseTooMany(exceeded: Exceeded | undefined): void {
  if (exceeded === undefined) return
  const { calls, windowSeconds, retryAfterSeconds } = exceeded
  const window = windowSeconds === 60 ? '00:01:00' : '01:00:00'
  throw new ApiError(
    'TooManyRequests',
    `API calls quota exceeded! maximum allowed ${calls} per ${window}. Try again in ${retryAfterSeconds} seconds.`,
    { headers: { 'retry-after': String(retryAfterSeconds) } },
  )
}

function refuseOtherTypes<Principal, Services>(
  { headers }: FastifyRequest,
  { body, consumes }: Operation<Principal, Services>,
): void {
  if (body === undefined || consumes === 'form' || isJsonType(headers['content-type'])) return
  const length = headers['content-length'] ?? '0'
  if (length === '0' && headers['transfer-encoding'] === undefined) return
  throw new ApiError('UnsupportedMediaType', 'The Content-Type of the body must be application/json')
}

/** One call as its handler sees it. */
class Call<Principal>
  implements OperationRequest<Record<string, string>, unknown, unknown, Principal | undefined>
{
  readonly params: Record<string, string>
  readonly principal: Principal | undefined
  readonly origin: string
  readonly headers: OperationRequest<never, never, never, never>['headers']
  readonly address: string
  readonly request: FastifyRequest
  readonly #reply: FastifyReply
  #search: URLSearchParams | undefined
  body: unknown
  query: unknown

  constructor(request: FastifyRequest, reply: FastifyReply, origin: string) {
    // Written by `admit` of the same operation.
    this.principal = request.caller as Principal | undefined
    this.params = paramsOf(request)
    // Here, not where it is read first: what no text may hold is refused before anything is done.
    if (request.originalUrl.includes('?')) this.#search = parseSearch(splitTarget(request.originalUrl).query)
    this.origin = origin
    this.headers = request.headers
    this.address = request.address
    this.request = request
    this.#reply = reply
  }

  get search(): URLSearchParams {
    this.#search ??= new URLSearchParams()
    return this.#search
  }

  get path(): string {
    return splitTarget(this.request.originalUrl).path
  }

  get signal(): AbortSignal {
    const gone = new AbortController()
    if (this.#reply.raw.destroyed) gone.abort()
    else this.#reply.raw.once('close', () => gone.abort())
    return gone.signal
  }
}

function paramsOf({ params }: FastifyRequest): Record<string, string> {
  // The router makes a new one, without a prototype, for each call.
  const named = (params ?? {}) as Record<string, unknown>
  for (const name in named) {
    const value = named[name]
    if (typeof value !== 'string' || !isKeepable(value)) throw notFound('What the path names')
  }
  return named as Record<string, string>
}

function inputReader<Principal, Services>(operation: Operation<Principal, Services>) {
  const readJson = operation.body && bodyReader(operation.body, operation.bodyHints)
  const readQuery = operation.query && queryReader(operation.query)
  const limitBytes = operation.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
  return async (call: Call<Principal>): Promise<void> => {
    if (readQuery) call.query = readQuery(call.search)
    if (operation.consumes === 'form') {
      // Fastify leaves the body of a GET alone, and some clients send their form in one.
      const bytes = bytesOf(call.request) ?? (await readBody(call.request.raw, limitBytes))
      call.body = Object.fromEntries(parseSearch(bytes.toString('utf8')))
    } else if (operation.consumes === 'bytes') {
      call.body = bytesOf(call.request) ?? Buffer.alloc(0)
    } else if (readJson) {
      call.body = readJson(bytesOf(call.request) ?? Buffer.alloc(0))
    }
  }
}

function bytesOf({ body }: FastifyRequest): Buffer | undefined {
  return Buffer.isBuffer(body) ? body : undefined
}

function answerSender<Principal, Services>(operation: Operation<Principal, Services>) {
  const statuses = Object.keys(operation.answers).map(Number)
  const first = statuses[0] ?? 200
  return (reply: FastifyReply, returned: unknown): FastifyReply => {
    const { status, body, headers } = returned instanceof Answer ? returned : new Answer(first, returned)
    reply.headers(headers)
    const declared = operation.answers[status]
    if (declared === undefined) throw new Error(`${operation.route} does not declare the status ${status}.`)
    if (status === 204) return reply.code(status).send()
    if (typeof declared === 'string') return sendMedia(reply, status, body, declared)
    return sendJson(reply, status, body, operation.path)
  }
}
