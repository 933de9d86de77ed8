import { createHmac } from 'node:crypto'
import type { Instant, TenantId } from '@fleetsweep/protocol'
import { deriveKey, type SealingKey, seal, unseal } from '../signing-key/index.ts'
import type { SealedSecrets } from './webhook.ts'

const SECRET_BYTES = 32
const SECRET_PREFIX = 'whsec_'

/** The webhook that a secret belongs to: it opens for no other. */
export type SecretOwner = { tenant: TenantId; webhook: string }

/**
 * Makes and uses the secrets of webhooks. They lie sealed, because messages are signed with themselves.
 *
 * @see https://www.standardwebhooks.com
 */
export class WebhookSecrets {
  readonly #key: SealingKey
  readonly #randomBytes: (size: number) => Uint8Array

  constructor(sealingKey: SealingKey, randomBytes: (size: number) => Uint8Array) {
    this.#key = deriveKey(sealingKey, 'webhook secrets')
    this.#randomBytes = randomBytes
  }

  /** A new secret: its text for the receiver, shown once, and what is kept. */
  make(owner: SecretOwner): { text: string; sealed: string } {
    const secret = this.#randomBytes(SECRET_BYTES)
    return {
      text: SECRET_PREFIX + Buffer.from(secret).toString('base64'),
      sealed: seal(this.#key, secret, nameOf(owner)),
    }
  }

  /**
   * The headers that prove a message: one signature for each secret that is good now.
   *
   * @throws Error when the sealing key is not the one that the secrets were sealed with
   */
  sign(
    owner: SecretOwner,
    { current, previous }: SealedSecrets,
    message: { id: string; body: string; now: Instant },
  ): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
    const { id, body, now } = message
    const seconds = String(Math.floor(now / 1_000_000))
    const good = previous !== null && previous.until > now ? [current, previous.sealed] : [current]
    const signatures = good.map((sealed) => {
      const secret = unseal(this.#key, sealed, nameOf(owner))
      return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')}`
    })
    return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') }
  }
}

function nameOf({ tenant, webhook }: SecretOwner): string {
  return `webhook ${tenant}/${webhook}`
}
