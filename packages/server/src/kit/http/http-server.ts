import type { IncomingMessage, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { type Clock, type ErrorCode, ODataError } from '@fleetsweep/protocol'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import { DatabaseBusyError, QueryTimeoutError } from '../db/database.ts'
import { ApiError, notFound } from './api-error.ts'
import type { CallLimiter } from './call-limiter.ts'
import { type ErrorStyle, errorStyleOf } from './error-style.ts'
import type { Access, Caller, Operation } from './operation.ts'
import type { Origins } from './origins.ts'
import { tooLarge } from './request-body.ts'
import { functionOf, pathPattern, routedTarget, splitTarget } from './request-target.ts'
import { sendBroken, sendError, setCommonHeaders } from './respond.ts'
import { DEFAULT_BODY_LIMIT_BYTES, serveOperation } from './serve-operation.ts'
import { TrustedProxies } from './trusted-proxies.ts'

const REQUEST_TIMEOUT_MS = 60_000
/** A computer name has at most 255 characters; nothing longer names anything. */
const MAX_PARAM_LENGTH = 400

export type HttpServerOptions<Principal, Services> = {
  operations: readonly Operation<Principal, Services>[]
  services: Services
  /** @throws ApiError `Unauthorized` */
  authenticate: (call: {
    authorization: string | undefined
    origin: string
    address: string
  }) => Promise<Principal>
  limiter: CallLimiter<Principal>
  /** Told of every call of somebody known that was refused or failed, by the code of the answer. */
  onRefusal?: (refusal: { caller: Principal; route: string; access: Access; code: ErrorCode }) => void
  origins: Origins
  clock: Clock
  logger: Logger
  /** Makes the GUID that names a failure in the answer and in the log. */
  newId: () => string
  /** Key and certificate; plain HTTP without. */
  tls?: SecureContextOptions
  /** Whose X-Forwarded-For is believed; nobody's when absent. */
  proxies?: TrustedProxies
  /**
   * True for what an `upgrade` listener is to have; nothing when absent. Any other request that offers an upgrade (some
   * clients offer HTTP/2 with every first call) is answered as if it had not, as HTTP allows.
   */
  mayUpgrade?: (request: IncomingMessage) => boolean
}

/**
 * Builds the HTTP server of a list of operations. It does not listen yet; other parts may still add routes, and an
 * `upgrade` listener on `.server`.
 *
 * Every refusal and failure goes out as JSON in the style of the API that was called.
 */
export function createHttpServer<Principal extends Caller, Services>(
  options: HttpServerOptions<Principal, Services>,
): FastifyInstance {
  const server = bareServer(options, (error, request, reply) => fail(error, request, reply))
  const { proxies = new TrustedProxies() } = options
  const fail = failureSender(options)

  server.decorateRequest('caller', undefined)
  server.decorateRequest('address', '')
  server.removeAllContentTypeParsers()
  // JSON has an entry of its own, because Fastify looks every type that has none up anew.
  server.addContentTypeParser(['application/json', '*'], { parseAs: 'buffer' }, (_, body, done) => {
    done(null, body)
  })
  server.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(reply, options.origins.of(request.headers.host))
    request.address = proxies.addressOf(request.raw) ?? ''
    const { host } = request.headers
    if (host === undefined && request.raw.httpVersion !== '1.0') {
      done(new ApiError('BadRequest', 'The Host header is missing'))
    } else if (options.origins.serves(host, request.routeOptions.url ?? '')) done()
    else done(nothingHere())
  })
  server.setErrorHandler((error, request, reply) => fail(error, request, reply))
  server.setNotFoundHandler((request, reply) => fail(nothingThere(request), request, reply))

  const paths = options.operations.map(({ method, path }) => ({ method, pattern: pathPattern(path) }))
  const nothingThere = ({ method, url }: FastifyRequest): ApiError => {
    const { path } = splitTarget(url)
    const allowed = new Set(paths.filter(({ pattern }) => pattern.test(path)).map((known) => known.method))
    if (allowed.size === 0) return nothingHere()
    if (allowed.has('GET')) allowed.add('HEAD')
    return new ApiError('MethodNotAllowed', `The method ${method} is not allowed at this path`, {
      headers: { allow: [...allowed].join(', ') },
    })
  }

  // Node's own refusal of an expectation that it does not know has no body; HTTP allows to do as if there were none.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  )
  for (const operation of options.operations) serveOperation(server, operation, options)
  return server
}

function nothingHere(): ApiError {
  return new ApiError('NotFound', 'There is nothing at this path')
}

type SendFailure = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply

function bareServer<Principal, Services>(
  options: HttpServerOptions<Principal, Services>,
  fail: SendFailure,
): FastifyInstance {
  const { logger, origins, tls, mayUpgrade } = options
  const functions = new Set(options.operations.flatMap(({ path }) => functionOf(path) ?? []))
  const settings = {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would cost more than routing it; what is logged of a call names it by its target.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    requestTimeout: REQUEST_TIMEOUT_MS,
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    rewriteUrl: ({ url }: { url?: string | undefined }) => routedTarget(url ?? '/', functions),
    routerOptions: {
      caseSensitive: false,
      ignoreDuplicateSlashes: true,
      maxParamLength: MAX_PARAM_LENGTH,
      // Each operation reads the query by its own grammar.
      querystringParser: () => ({}),
    },
    // An escape that is none, or a name that is too long, can name nothing.
    frameworkErrors: (_: unknown, request: FastifyRequest, reply: FastifyReply) => {
      setCommonHeaders(reply, origins.of(request.headers.host))
      fail(notFound('What the path names'), request, reply)
    },
    clientErrorHandler: brokenRequestAnswerer(options),
  }
  // Node's own refusal of a call without a Host has no body.
  const node: ServerOptions = { requireHostHeader: false, shouldUpgradeCallback: mayUpgrade ?? (() => false) }
  const all = tls ? { ...settings, https: { ...node, ...tls } } : { ...settings, http: node }
  // Fastify types a server by its sockets; nothing here looks at whether they are encrypted.
  return Fastify(all as typeof settings) as unknown as FastifyInstance
}

function failureSender<Principal, Services>({
  clock,
  logger,
  newId,
  onRefusal,
  operations,
}: HttpServerOptions<Principal, Services>): SendFailure {
  const styleOf = styleFinder(operations)
  return (error, request, reply) => {
    const target = newId()
    const refusal = asRefusal(error, request)
    const call = { target, method: request.method, path: splitTarget(request.originalUrl).path }
    // What the caller is not told, whoever runs the server may need: why a token is not valid.
    const reason = refusal.cause instanceof Error ? { reason: refusal.cause.message } : {}
    if (refusal.status < 500) logger.info({ ...call, code: refusal.code, ...reason }, refusal.message)
    else logger.error({ ...call, code: refusal.code, err: error }, 'A call failed')
    const operation = request.routeOptions?.config?.operation
    if (operation && request.caller !== undefined) {
      const { route, access } = operation
      // Written by `admit` of the same operation.
      onRefusal?.({ caller: request.caller as Principal, route, access, code: refusal.code })
    }
    const style = operation?.errors ?? styleOf(request)
    return sendError(reply, refusal, style, { target, at: clock.now() })
  }
}

/** How a refusal looks of a call that was never routed: as that of the operation that was meant, where one was. */
function styleFinder<Principal, Services>(operations: readonly Operation<Principal, Services>[]) {
  const known = operations.map(({ method, path, errors }) => ({ method, pattern: pathPattern(path), errors }))
  return ({ method, url }: FastifyRequest): ErrorStyle => {
    const { path } = splitTarget(url)
    const verb = method === 'HEAD' ? 'GET' : method
    const meant = known.find((each) => each.method === verb && each.pattern.test(path))
    return meant?.errors ?? errorStyleOf(decoded(path))
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What the parser found instead of a request, by its code; anything else is simply not HTTP. */
const BROKEN: Readonly<Record<string, ApiError>> = {
  HPE_INVALID_METHOD: new ApiError('BadRequest', 'The request is not HTTP, or its method is unknown'),
  HPE_HEADER_OVERFLOW: new ApiError('RequestTooLarge', 'The headers of the request are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError('BadRequest', 'The request did not arrive in time'),
}
const NOT_HTTP = new ApiError('BadRequest', 'The request is not HTTP')

function brokenRequestAnswerer<Principal, Services>({
  clock,
  logger,
  newId,
}: HttpServerOptions<Principal, Services>) {
  return (error: { code: string }, socket: Socket): void => {
    // Nobody listens any more.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const target = newId()
    const refusal = BROKEN[error.code] ?? NOT_HTTP
    logger.info({ target, code: refusal.code, reason: error.code }, refusal.message)
    sendBroken(socket, refusal, target, clock.now())
  }
}

/** What the caller hears of an error: everything of a refusal, nothing of anything else. */
function asRefusal(error: unknown, { routeOptions }: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof ODataError) return new ApiError('ODataError', error.message)
  if (error instanceof QueryTimeoutError) {
    return new ApiError('ServiceUnavailable', error.message, { cause: error })
  }
  if (error instanceof DatabaseBusyError) {
    return new ApiError('ServiceUnavailable', error.message, {
      headers: { 'retry-after': '1' },
      cause: error,
    })
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  // Fastify's own refusals: a body beyond the limit, a Content-Type that is none, a body shorter than it said.
  if (status === 413) {
    return new ApiError('RequestTooLarge', tooLarge(routeOptions?.bodyLimit ?? DEFAULT_BODY_LIMIT_BYTES), {
      cause: error,
    })
  }
  if (status === 415)
    return new ApiError('UnsupportedMediaType', 'The Content-Type is not valid', { cause: error })
  if (status === 400) return new ApiError('BadRequest', 'The request is not valid', { cause: error })
  return new ApiError(
    'InternalServerError',
    'Something went wrong here. Try again, then look up the target in the log',
    {
      cause: error,
    },
  )
}
