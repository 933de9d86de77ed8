import { type ErrorCode, formatInstant } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError, type ErrorStyle } from '../kit/http/index.ts'

/**
 * Every refusal of the token endpoint as Entra answers it: its number, its OAuth code, and ours, which gives the status.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
 */
const REFUSALS = {
  missingParameter: [900144, 'invalid_request', 'BadRequest'],
  unsupportedGrant: [70003, 'unsupported_grant_type', 'BadRequest'],
  badScope: [70011, 'invalid_scope', 'BadRequest'],
  unknownResource: [500011, 'invalid_resource', 'BadRequest'],
  unknownTenant: [90002, 'invalid_tenant', 'BadRequest'],
  unknownApplication: [700016, 'unauthorized_client', 'BadRequest'],
  missingSecret: [7000218, 'invalid_client', 'Unauthorized'],
  wrongSecret: [7000215, 'invalid_client', 'Unauthorized'],
  expiredSecret: [7000222, 'invalid_client', 'Unauthorized'],
  unexpectedSecret: [700025, 'invalid_client', 'Unauthorized'],
  authorizationPending: [70016, 'authorization_pending', 'BadRequest'],
  authorizationDeclined: [70017, 'authorization_declined', 'BadRequest'],
  expiredDeviceCode: [70020, 'expired_token', 'BadRequest'],
  invalidGrant: [70000, 'invalid_grant', 'BadRequest'],
  expiredGrant: [70008, 'invalid_grant', 'BadRequest'],
  usedGrant: [54005, 'invalid_grant', 'BadRequest'],
  wrongVerifier: [501481, 'invalid_grant', 'BadRequest'],
  badRequest: [9002313, 'invalid_request', 'BadRequest'],
  badAssertion: [50027, 'invalid_client', 'Unauthorized'],
  otherClient: [700021, 'invalid_client', 'Unauthorized'],
  otherAudience: [700023, 'invalid_client', 'Unauthorized'],
  assertionOutOfTime: [700024, 'invalid_client', 'Unauthorized'],
  badSignature: [700027, 'invalid_client', 'Unauthorized'],
  certificateOutOfTime: [1000502, 'invalid_client', 'Unauthorized'],
} as const satisfies Record<string, readonly [number, string, ErrorCode]>

/** A refusal of the token endpoint. */
export class OAuthError extends ApiError {
  readonly number: number
  readonly oauthCode: string

  constructor(refusal: keyof typeof REFUSALS, message: string, options: { cause?: unknown } = {}) {
    const [number, oauthCode, code] = REFUSALS[refusal]
    super(code, message, options)
    this.name = 'OAuthError'
    this.number = number
    this.oauthCode = oauthCode
  }
}

const OAuthErrorBody = Type.Object(
  {
    error: Type.String({ description: "OAuth's word for it, such as `invalid_client`." }),
    error_description: Type.String({
      description: 'A sentence for people that begins with the number, such as `AADSTS7000215: …`.',
    }),
    error_codes: Type.Array(Type.Integer(), {
      description: 'The number that Entra gives this error; empty where it has none.',
    }),
    timestamp: Type.String({ description: 'When it happened, such as `2026-11-23 08:12:26Z`.' }),
    trace_id: Type.String({ description: 'A GUID to look up in the log of the server.' }),
    correlation_id: Type.String({ description: 'The same GUID.' }),
  },
  { title: 'OAuthError', description: 'A refusal of a sign-in endpoint, in the shape of Entra.' },
)

/** Errors in Entra's shape, as sign-in libraries read them. */
export const entraErrors: ErrorStyle = {
  name: 'OAuth',
  contentType: 'application/json; charset=utf-8',
  schema: OAuthErrorBody,
  write(error, { target, at }) {
    const timestamp = formatInstant(at).replace('T', ' ').replace(/\.\d+/, '')
    const [oauthCode, numbers, description] =
      error instanceof OAuthError
        ? [error.oauthCode, [error.number], `AADSTS${error.number}: ${error.message}`]
        : [otherCode(error.status), [], `${error.message}.`]
    return {
      body: {
        error: oauthCode,
        error_description: `${description} Trace ID: ${target} Correlation ID: ${target} Timestamp: ${timestamp}`,
        error_codes: numbers,
        timestamp,
        trace_id: target,
        correlation_id: target,
      },
    }
  },
}

function otherCode(status: number): string {
  if (status === 429 || status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}
