import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type SigningContext, signingInput } from '@fleetsweep/protocol'

const RAW_KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/**
 * Reads a raw Ed25519 public key; `undefined` when the text is not 32 bytes of base64.
 *
 * @returns the same key in the one spelling that it is stored and compared in
 */
export function readPublicKey(text: string): string | undefined {
  const raw = Buffer.from(text, 'base64')
  return raw.length === RAW_KEY_BYTES ? raw.toString('base64') : undefined
}

/** True when `signature` (base64) is the one of the raw public key (base64) over just these fields for this purpose. */
export function isSignedBy(
  publicKey: string,
  context: SigningContext,
  fields: readonly string[],
  signature: string,
): boolean {
  const bytes = Buffer.from(signature, 'base64')
  const key = keyObject(publicKey)
  return (
    key !== undefined &&
    bytes.length === SIGNATURE_BYTES &&
    verify(null, signingInput(context, fields), key, bytes)
  )
}

function keyObject(publicKey: string): KeyObject | undefined {
  const raw = Buffer.from(publicKey, 'base64')
  if (raw.length !== RAW_KEY_BYTES) return undefined
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  })
}
