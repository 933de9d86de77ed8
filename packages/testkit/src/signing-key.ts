import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { type OrderKey, type SigningContext, signingInput } from '@fleetsweep/protocol'

/** An Ed25519 key that signs for a server. */
export class SigningKey {
  readonly keyId = randomUUID()
  readonly #pair = generateKeyPairSync('ed25519')

  /** Raw, base64. */
  get publicKey(): string {
    const x = this.#pair.publicKey.export({ format: 'jwk' }).x ?? ''
    return Buffer.from(x, 'base64url').toString('base64')
  }

  /** SHA-256 of the raw key, hex. */
  get fingerprint(): string {
    return createHash('sha256').update(Buffer.from(this.publicKey, 'base64')).digest('hex')
  }

  sign(context: SigningContext, fields: readonly string[]): string {
    return sign(null, signingInput(context, fields), this.#pair.privateKey).toString('base64')
  }

  /** As a link of a chain. @param signer the key before; without it the first */
  asOrderKey(tenant: string, signer?: SigningKey): OrderKey {
    const { keyId, publicKey } = this
    const signature = signer?.sign('fleetsweep.agent.v1/order-key', [tenant, keyId, publicKey]) ?? null
    return { keyId, publicKey, signature }
  }
}

/** True when `signature` is the one of a machine's raw public key, both base64. */
export function isSignedByMachine(
  publicKey: string,
  context: SigningContext,
  fields: readonly string[],
  signature: string,
): boolean {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, signingInput(context, fields), key, Buffer.from(signature, 'base64'))
}
