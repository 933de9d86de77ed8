import { isIPv6 } from 'node:net'
import type { Clock } from '@fleetsweep/protocol'
import type { CallLimiter } from '../kit/http/index.ts'
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

/** Whoever has one IPv6 address has 2^64 of them: the network counts. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':')
}
