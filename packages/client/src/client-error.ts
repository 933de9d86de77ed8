import type { ErrorCode } from '@fleetsweep/protocol'

/**
 * Why a call came to nothing: a code of the server's, or one of the client's own.
 *
 * - `Unreachable`: no answer came; whether the server saw the call is not known
 * - `BadAnswer`: what answered does not speak this API
 * - `SignInRefused`: the server gave no token for these credentials
 * - `SignInDeclined`: the person said no
 * - `SignInExpired`: nobody entered the code of a device in time
 * - `SignInRequired`: the server knows no session that it could go on with; the person must be asked
 * - `SignInEnded`: the sign-in is over; the person must sign in again
 */
export type ClientErrorCode = ErrorCode | 'Unreachable' | 'BadAnswer' | SignInErrorCode

export type SignInErrorCode =
  | 'SignInRefused'
  | 'SignInDeclined'
  | 'SignInExpired'
  | 'SignInRequired'
  | 'SignInEnded'

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

/** True when there is no token to call with: no other call would fare better. */
export function isSignInError(error: ClientError): boolean {
  return error.code.startsWith('SignIn')
}
