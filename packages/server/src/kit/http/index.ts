export { Answer, type AnswerHeaders } from './answer.ts'
export { ApiError, notFound } from './api-error.ts'
export type { CallClass, CallLimiter, Exceeded } from './call-limiter.ts'
export { ConnectionDrain } from './connection-drain.ts'
export { CursorQuery, readCursorQuery } from './cursor-query.ts'
export { defenderErrors, type ErrorStyle, problemErrors } from './error-style.ts'
export { EventStream } from './event-stream.ts'
export { createHttpServer, type HttpServerOptions } from './http-server.ts'
export {
  type Access,
  type Caller,
  isAllowed,
  type Operation,
  type OperationRequest,
  operationFor,
  requireAllowed,
} from './operation.ts'
export { type Alias, Origins } from './origins.ts'
export { PAGE_POLICY_WITH_DATA_IMAGES, serveApplication } from './static-folder.ts'
export { isNetwork, TrustedProxies } from './trusted-proxies.ts'
