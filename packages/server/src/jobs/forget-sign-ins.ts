import type { Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { type ExpiredArtifacts, FORGET_AFTER_MS, type StaleThrottles } from '../sign-in/index.ts'
import { ForgetOld, type Old } from './forget-old.ts'

/** Whoever comes with something that expired lately is told so, and not that it never was. */
const EXPIRED_FOR_MS = 3_600_000

/** Removes what is left of sign-ins that expired, and of failures that do not count any more, every minute. */
export function forgetSignIns({
  artifacts,
  throttles,
  ...parts
}: {
  artifacts: ExpiredArtifacts
  throttles: StaleThrottles
  clock: Clock
  logger: Logger
}): ForgetOld {
  const old: Old[] = [
    { keptForMs: EXPIRED_FOR_MS, forget: (before, limit) => artifacts.removeExpired(before, limit) },
    { keptForMs: FORGET_AFTER_MS, forget: (before, limit) => throttles.forget(before, limit) },
  ]
  return new ForgetOld({ ...parts, everyMs: 60_000, old, called: 'expired sign-ins' })
}
