import { timingSafeEqual } from 'node:crypto'
import type { Instant } from '@fleetsweep/protocol'
import { hashApplicationSecret, type StoredSecret } from '../application/index.ts'

/**
 * Compares a secret with those of an application. It looks at every one, and takes the same time whether one fits.
 *
 * @returns `expired` when it fits only secrets that are over
 */
export function checkSecret(
  given: string,
  secrets: readonly StoredSecret[],
  now: Instant,
): 'right' | 'expired' | 'wrong' {
  const digest = Buffer.from(hashApplicationSecret(given), 'hex')
  let answer: 'right' | 'expired' | 'wrong' = 'wrong'
  for (const { secretHash, expiresAt, revokedAt } of secrets) {
    const stored = Buffer.from(secretHash, 'hex')
    if (stored.length !== digest.length || !timingSafeEqual(stored, digest)) continue
    if (revokedAt !== null) continue
    if (expiresAt === null || expiresAt > now) answer = 'right'
    else if (answer === 'wrong') answer = 'expired'
  }
  return answer
}
