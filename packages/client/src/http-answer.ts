import { ApiErrorBody, ERROR_STATUS, type ErrorCode, Problem } from '@fleetsweep/protocol'
import { Check } from 'typebox/value'
import { ClientError } from './client-error.ts'

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
export async function refusal(base: string, response: Response): Promise<ClientError> {
  const body = await reach(base, () => readJson(response))
  const { status } = response
  const after = retryAfterMs(response)
  const retry = after === undefined ? {} : { retryAfterMs: after }
  if (Check(ApiErrorBody, body)) {
    const { code, message, target } = body.error
    return new ClientError(knownCode(code, status), message, { status, target, ...retry })
  }
  if (Check(Problem, body)) {
    return new ClientError(knownCode(body.code, status), body.detail, {
      status,
      target: body.instance,
      ...retry,
    })
  }
  if (status === 429 || status === 503) {
    const code = status === 429 ? 'TooManyRequests' : 'ServiceUnavailable'
    return new ClientError(code, `${base} is busy (${status})`, { status, ...retry })
  }
  return new ClientError('BadAnswer', `${base} answered ${status}, and not as this API does`, { status })
}

/** `Retry-After` in milliseconds. Dates are not read: they need both clocks to be right. */
export function retryAfterMs(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after')
  return seconds !== null && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : undefined
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
