import type { Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { IDEMPOTENCY_KEYS_KEPT_MS, type OldIdempotencyKeys } from '../machine-action/index.ts'
import { ForgetOld, type Old } from './forget-old.ts'

/** Removes idempotency keys of calls that nobody can repeat any more, every ten minutes. */
export function forgetIdempotencyKeys({
  oldKeys,
  ...parts
}: {
  oldKeys: OldIdempotencyKeys
  clock: Clock
  logger: Logger
}): ForgetOld {
  const old: Old[] = [
    { keptForMs: IDEMPOTENCY_KEYS_KEPT_MS, forget: (before, limit) => oldKeys.forget(before, limit) },
  ]
  return new ForgetOld({ ...parts, everyMs: 600_000, old, called: 'old idempotency keys' })
}
