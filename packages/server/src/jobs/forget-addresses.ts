import type { Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { ADDRESSES_KEPT_MS, type OldAddresses } from '../machine/index.ts'
import { ForgetOld, type Old } from './forget-old.ts'

/** Whoever may still ask for a moment may also ask for what was a quarter of an hour before it. */
const SPARE_MS = 3_600_000

/** Removes addresses that machines had more than 30 days ago, every hour. */
export function forgetAddresses({
  oldAddresses,
  ...parts
}: {
  oldAddresses: OldAddresses
  clock: Clock
  logger: Logger
}): ForgetOld {
  const old: Old[] = [
    {
      keptForMs: ADDRESSES_KEPT_MS + SPARE_MS,
      forget: (before, limit) => oldAddresses.forget(before, limit),
    },
  ]
  return new ForgetOld({ ...parts, everyMs: 3_600_000, old, called: 'old addresses of machines' })
}
