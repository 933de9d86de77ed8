/**
 * The budget that a call draws on; each is counted for itself.
 *
 * - `usual` is the Defender API's; the five after it are for operations of that API that Microsoft limits otherwise.
 * - `fleet` is the Fleet API's, `auditVerification` one operation of it that reads everything there is.
 * - The rest are for calls of nobody known, and those are counted by address.
 */
export type CallClass =
  | 'usual'
  | 'antivirusInfo'
  | 'collectedPackage'
  | 'liveResponse'
  | 'investigation'
  | 'advancedHunting'
  | 'fleet'
  | 'auditVerification'
  | 'token'
  | 'signIn'
  | 'enrollment'
  | 'attachment'
  | 'discovery'
  | 'failedAuthentication'

/** That a budget is used up. */
export type Exceeded = {
  /** Whole seconds after which a call will be let through. */
  retryAfterSeconds: number
  /** The limit that was reached. */
  calls: number
  windowSeconds: number
}

/** Counts calls and says when there were too many. */
export interface CallLimiter<Principal> {
  /** Counts a call that authenticated, whatever becomes of it, unless its budget is used up. */
  countCall(principal: Principal, callClass: CallClass): Exceeded | undefined

  /** Counts a call of nobody known, by where it comes from, unless that budget is used up. */
  countAnonymous(address: string, callClass: CallClass): Exceeded | undefined
}

/** The budget of an operation that names none. */
export function callClassOf(path: string, isAnonymous: boolean): CallClass {
  if (/^\/fleet(\/|$)/.test(path)) return isAnonymous ? 'enrollment' : 'fleet'
  return isAnonymous ? 'signIn' : 'usual'
}
