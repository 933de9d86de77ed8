import { timingSafeEqual } from 'node:crypto'
import type { Instant } from '@fleetsweep/protocol'
import { hashApplicationSecret, type StoredSecret } from '../application/index.ts'

/** Which of an application's credentials fits; or why none does. */
export type CredentialCheck = { fit: 'right'; credential: string } | { fit: 'expired' } | { fit: 'wrong' }

/**
 * Compares a secret with those of an application. It looks at every one, and takes the same time whether one fits.
 *
 * @returns `expired` when it fits only secrets that are over
 */
export function checkSecret(given: string, secrets: readonly StoredSecret[], now: Instant): CredentialCheck {
  const digest = Buffer.from(hashApplicationSecret(given), 'hex')
  let answer: CredentialCheck = { fit: 'wrong' }
  for (const { id, secretHash, expiresAt, revokedAt } of secrets) {
    const stored = Buffer.from(secretHash, 'hex')
    if (stored.length !== digest.length || !timingSafeEqual(stored, digest)) continue
    if (revokedAt !== null) continue
    if (expiresAt === null || expiresAt > now) answer = { fit: 'right', credential: id }
    else if (answer.fit === 'wrong') answer = { fit: 'expired' }
  }
  return answer
}
