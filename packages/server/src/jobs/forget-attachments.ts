import type { Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { OldAttachments } from '../attachment/index.ts'
import { ForgetOld, type Old } from './forget-old.ts'

/** Of one write: each may be 64 pieces. */
const BATCH = 50

/** Removes lists of what scans left out when they are too old, every ten minutes. */
export function forgetAttachments({
  oldAttachments,
  keptForMs,
  ...parts
}: {
  oldAttachments: OldAttachments
  keptForMs: number
  clock: Clock
  logger: Logger
}): ForgetOld {
  const forget: Old['forget'] = async (before, limit) => {
    // As many as were asked for while there are more.
    return (await oldAttachments.forget(before, BATCH)) === BATCH ? limit : 0
  }
  const old: Old[] = [{ keptForMs, forget }]
  return new ForgetOld({ ...parts, everyMs: 600_000, old, called: 'old attachments' })
}
