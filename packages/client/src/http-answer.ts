import { ERROR_STATUS, type ErrorCode, Problem } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ClientError } from './client-error.ts'
import { fitting } from './read-answer.ts'

/** `ApiErrorBody` as servers of any make write it: only the code is sure to be there. */
const ErrorAnswer = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.Optional(Type.String()),
    target: Type.Optional(Type.String()),
  }),
})

/** Turns a fetch that fails into a `ClientError`; a call that its caller aborted keeps its own reason. */
export async function reach<T>(base: string, send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await send()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ClientError('Unreachable', `No answer from ${base}: ${rootMessage(cause)}`, { cause })
  }
}

/** The body as JSON; `undefined` when it is something else. */
export async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error that an answer other than 2xx stands for, in the shape of either API. */
export async function refusal(base: string, response: Response, signal?: AbortSignal): Promise<ClientError> {
  const body = await reach(base, () => readJson(response), signal)
  const { status } = response
  const after = retryAfterMs(response)
  const retry = after === undefined ? {} : { retryAfterMs: after }
  const { error } = fitting(ErrorAnswer, body) ?? {}
  if (error) {
    const { code, message = `${base} answered ${status}`, target } = error
    return new ClientError(knownCode(code, status), message, {
      status,
      ...(target !== undefined && { target }),
      ...retry,
    })
  }
  const problem = fitting(Problem, body)
  if (problem) {
    const { code, detail, instance: target } = problem
    return new ClientError(knownCode(code, status), detail, { status, target, ...retry })
  }
  if (status === 429 || status === 503) {
    const code = status === 429 ? 'TooManyRequests' : 'ServiceUnavailable'
    return new ClientError(code, `${base} is busy (${status})`, { status, ...retry })
  }
  return new ClientError('BadAnswer', `${base} answered ${status}, and not as this API does`, { status })
}

/**
 * `Retry-After` in milliseconds: given in seconds, or as a moment. That one is compared with the server's own `Date`,
 * because the clock here may be wrong.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs({ headers }: Response): number | undefined {
  const after = headers.get('retry-after') ?? ''
  if (/^\d{1,9}$/.test(after)) return Number(after) * 1_000
  // Every form of an HTTP date begins with the name of a day.
  const pauseMs = /^[a-z]/i.test(after)
    ? Date.parse(after) - Date.parse(headers.get('date') ?? '')
    : Number.NaN
  return Number.isNaN(pauseMs) ? undefined : Math.max(0, pauseMs)
}

function knownCode(code: string, status: number): ErrorCode | 'BadAnswer' {
  if (isErrorCode(code)) return code
  // A code that this version does not know yet still means what its status means.
  const same = Object.entries(ERROR_STATUS).find(([, known]) => known === status)?.[0]
  return same !== undefined && isErrorCode(same) ? same : 'BadAnswer'
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_STATUS, code)
}

/** What really went wrong: `fetch failed` alone helps nobody. */
function rootMessage(error: unknown): string {
  let message = String(error)
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at.message !== '') message = at.message
  }
  return message
}
