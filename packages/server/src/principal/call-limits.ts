import type { Clock } from '@fleetsweep/protocol'
import type { CallLimiter } from '../kit/http/index.ts'
import { networkOf } from '../kit/network.ts'
import { CallCounter, type CallLimits } from '../kit/rate-limit/call-counter.ts'
import type { Principal } from './principal.ts'

/**
 * What the Defender API allows each application of each tenant.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan
 */
export const USUAL_LIMITS: CallLimits = { perMinute: 100, perHour: 1_500 }
/** For routes that know no caller, such as the token endpoint: many clients may share an address. */
export const USUAL_ANONYMOUS_LIMITS: CallLimits = { perMinute: 300, perHour: 6_000 }

const MAX_PRINCIPALS = 10_000
const MAX_ADDRESSES = 10_000

/** Limits the calls of each principal of each tenant, and anonymous ones by where they come from. */
export function callLimiter(
  clock: Clock,
  anonymousLimits: CallLimits = USUAL_ANONYMOUS_LIMITS,
): CallLimiter<Principal> {
  const principals = new CallCounter(clock, MAX_PRINCIPALS)
  const addresses = new CallCounter(clock, MAX_ADDRESSES)
  return {
    countCall: ({ tenant, kind, id, limits }) =>
      principals.count(`${tenant}/${kind}/${id}`, {
        perMinute: limits?.perMinute ?? USUAL_LIMITS.perMinute,
        perHour: limits?.perHour ?? USUAL_LIMITS.perHour,
      }),
    countAnonymous: (address) => addresses.count(networkOf(address), anonymousLimits),
  }
}
