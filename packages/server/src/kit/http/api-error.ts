import { ERROR_STATUS, type ErrorCode } from '@fleetsweep/protocol'

/** A refusal. Its code decides the status and is what programs read; the message is for people and may change. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.name = 'ApiError'
    this.code = code
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return ERROR_STATUS[this.code]
  }
}

/** The refusal of an unknown path, verb or id, whatever was asked for. */
export function notFound(what: string): ApiError {
  return new ApiError('ResourceNotFound', `${what} was not found`)
}
