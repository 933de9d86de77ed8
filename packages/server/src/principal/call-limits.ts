import type { CallClass } from '../kit/http/index.ts'
import type { CallLimits } from '../kit/rate-limit/call-counter.ts'
import type { Principal } from './principal.ts'

/**
 * Most calls of one caller. Those of the Defender API are Microsoft's; see docs/rate-limits.md for which operation
 * draws on which.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-assessment-methods-properties
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-package-sas-uri
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-live-response
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/initiate-autoir-investigation
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-advanced-query-api
 */
export const CALL_LIMITS: Readonly<Record<CallClass, CallLimits>> = {
  usual: { perMinute: 100, perHour: 1_500 },
  antivirusInfo: { perMinute: 30, perHour: 1_000 },
  collectedPackage: { perMinute: 2, perHour: 120 },
  liveResponse: { perMinute: 10, perHour: null },
  investigation: { perMinute: null, perHour: 50 },
  advancedHunting: { perMinute: 45, perHour: 1_500 },
  // A person's console asks often, and nothing written for Defender calls it.
  fleet: { perMinute: 600, perHour: 12_000 },
  auditVerification: { perMinute: 6, perHour: 60 },
  // By address, which many clients may share.
  token: { perMinute: 300, perHour: 6_000 },
  signIn: { perMinute: 300, perHour: 6_000 },
  enrollment: { perMinute: 300, perHour: 6_000 },
  attachment: { perMinute: 1_200, perHour: 24_000 },
  discovery: { perMinute: 600, perHour: 12_000 },
  failedAuthentication: { perMinute: 60, perHour: 1_000 },
}

/** What an override of one application changes: the general budget of either API. */
const OVERRIDABLE: readonly CallClass[] = ['usual', 'fleet']

/** What holds for a principal, with the override where it has one. */
export function limitsOf({ limits }: Principal, callClass: CallClass): CallLimits {
  const usual = CALL_LIMITS[callClass]
  if (!limits || !OVERRIDABLE.includes(callClass)) return usual
  return { perMinute: limits.perMinute ?? usual.perMinute, perHour: limits.perHour ?? usual.perHour }
}

export function isCallClass(text: string): text is CallClass {
  return Object.hasOwn(CALL_LIMITS, text)
}

export const CALL_CLASSES = Object.keys(CALL_LIMITS).filter(isCallClass)
