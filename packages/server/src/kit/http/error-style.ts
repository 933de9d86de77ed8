import { STATUS_CODES } from 'node:http'
import type { ApiErrorBody, Instant, Problem } from '@fleetsweep/protocol'
import type { ApiError } from './api-error.ts'

/** Writes a refusal as clients of one API read it. */
export type ErrorStyle = (
  error: ApiError,
  /** `target` is a GUID that also stands in the log. */
  occurrence: { target: string; at: Instant },
) => {
  contentType: string
  /** Text as it is; anything else goes out as JSON. */
  body: unknown
  headers?: Readonly<Record<string, string>>
}

/** The Defender API's: `{"error":{"code":…,"message":…,"target":…}}`, and nothing else in the body. */
export const defenderErrors: ErrorStyle = ({ code, message }, { target }) => ({
  contentType: 'application/json; charset=utf-8',
  body: { error: { code, message, target } } satisfies ApiErrorBody,
})

/** The Fleet API's: RFC 9457 problem details. */
export const problemErrors: ErrorStyle = ({ code, status, message }, { target }) => ({
  contentType: 'application/problem+json; charset=utf-8',
  body: {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? code,
    status,
    detail: message,
    code,
    instance: target,
  } satisfies Problem,
})

/** How errors look below a path: problem details below `/fleet`, the Defender API's shape everywhere else. */
export function errorStyleOf(path: string): ErrorStyle {
  return /^\/fleet(\/|$)/i.test(path) ? problemErrors : defenderErrors
}
