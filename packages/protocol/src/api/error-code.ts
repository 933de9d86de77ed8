/**
 * Every code of the Defender API with the HTTP status it is answered with. The code decides everything;
 * messages are for people and may change.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/common-errors
 */
export const ERROR_STATUS = {
  BadRequest: 400,
  ODataError: 400,
  InvalidInput: 400,
  InvalidRequestBody: 400,
  InvalidIpAddress: 400,
  MaximumBatchSizeExceeded: 400,
  MissingRequiredParameter: 400,
  OsPlatformNotSupported: 400,
  ClientVersionNotSupported: 400,
  ActiveRequestAlreadyExists: 400,
  Unauthorized: 401,
  Forbidden: 403,
  DisabledFeature: 403,
  NotFound: 404,
  ResourceNotFound: 404,
  MethodNotAllowed: 405,
  RequestTooLarge: 413,
  UnsupportedMediaType: 415,
  IdempotencyKeyReused: 422,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS
