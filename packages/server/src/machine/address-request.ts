import { addMs, type Instant, parseInstant } from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'
import { canonicalAddress } from '../kit/network.ts'
import { readFunctionArguments } from '../kit/odata/index.ts'
import { SEEN_WITHIN_MS } from './machine-addresses.ts'
import type { AddressesWithin } from './machine-store.ts'

/** How long it is kept which machine had which address. */
export const ADDRESSES_KEPT_MS = 30 * 86_400_000

/**
 * Reads the arguments of `findbyip`. Moments to come are taken: some clients call their local time UTC.
 *
 * @throws ApiError `MissingRequiredParameter`; `InvalidIpAddress`; `InvalidInput` for a moment that is none, or too old
 */
export function readAddressRequest(text: string, now: Instant): AddressesWithin {
  const { ip: written, timestamp } = readFunctionArguments(text, ['ip', 'timestamp'])
  const ip = canonicalAddress(written)
  if (ip === undefined) throw new ApiError('InvalidIpAddress', `'${shortened(written)}' is not an IP address`)
  const at = parseInstant(timestamp)
  if (at === undefined) {
    throw new ApiError(
      'InvalidInput',
      `timestamp is '${shortened(timestamp)}' and must be a date-time such as 2026-11-23T08:12:26Z`,
    )
  }
  if (at < addMs(now, -ADDRESSES_KEPT_MS)) {
    throw new ApiError('InvalidInput', `timestamp is ${timestamp} and must not be more than 30 days ago`)
  }
  return { ip, from: addMs(at, -SEEN_WITHIN_MS), to: addMs(at, SEEN_WITHIN_MS) }
}

function shortened(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text
}
