import type { ErrorCode } from '@fleetsweep/protocol'

/**
 * Why a call came to nothing: a code of the server's, or one of the client's own.
 *
 * - `Unreachable`: no answer came; whether the server saw the call is not known
 * - `SignInRefused`: the server gave no token for these credentials
 * - `BadAnswer`: what answered does not speak this API
 */
export type ClientErrorCode = ErrorCode | 'Unreachable' | 'SignInRefused' | 'BadAnswer'

/** The one class that the client throws; the code decides, the message is for people. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode
  /** HTTP status; absent when no answer came. */
  readonly status?: number
  /** What to look for in the server's log. */
  readonly target?: string
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number

  constructor(
    code: ClientErrorCode,
    message: string,
    details: { status?: number; target?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details.status !== undefined) this.status = details.status
    if (details.target !== undefined) this.target = details.target
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
  }
}
