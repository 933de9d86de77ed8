import { STATUS_CODES } from 'node:http'
import { ApiErrorBody, type Instant, Problem } from '@fleetsweep/protocol'
import type { TSchema } from 'typebox'
import type { ApiError } from './api-error.ts'

/** How refusals look to the clients of one API. */
export type ErrorStyle = {
  /** Whose style it is, such as `Defender`. */
  readonly name: string
  readonly contentType: string
  /** Of a body that is JSON; absent where it is a page. */
  readonly schema?: TSchema
  /** @param occurrence `target` is a GUID that also stands in the log */
  readonly write: (
    error: ApiError,
    occurrence: { target: string; at: Instant },
  ) => {
    /** Text as it is; anything else goes out as JSON. */
    body: unknown
    headers?: Readonly<Record<string, string>>
  }
}

/** The Defender API's: `{"error":{"code":…,"message":…,"target":…}}`, and nothing else in the body. */
export const defenderErrors: ErrorStyle = {
  name: 'Defender',
  contentType: 'application/json; charset=utf-8',
  schema: ApiErrorBody,
  write: ({ code, message }, { target }) => ({
    body: { error: { code, message, target } } satisfies ApiErrorBody,
  }),
}

/** The Fleet API's: RFC 9457 problem details. */
export const problemErrors: ErrorStyle = {
  name: 'Fleet',
  contentType: 'application/problem+json; charset=utf-8',
  schema: Problem,
  write: ({ code, status, message }, { target }) => ({
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? code,
      status,
      detail: message,
      code,
      instance: target,
    } satisfies Problem,
  }),
}

/** How errors look below a path: problem details below `/fleet`, the Defender API's shape everywhere else. */
export function errorStyleOf(path: string): ErrorStyle {
  return /^\/fleet(\/|$)/i.test(path) ? problemErrors : defenderErrors
}
