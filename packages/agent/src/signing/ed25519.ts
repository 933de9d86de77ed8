import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { type SigningContext, signingInput } from '@fleetsweep/protocol'

const RAW_KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** Makes an Ed25519 private key as PKCS#8 PEM. */
export function makePrivateKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The raw public half of a private key, 32 bytes as base64, as it travels. */
export function publicKeyOf(privateKeyPem: string): string {
  const { x } = createPublicKey(privateKeyPem).export({ format: 'jwk' })
  return Buffer.from(x ?? '', 'base64url').toString('base64')
}

/** Signs fields for one purpose; base64. */
export function signFields(
  privateKeyPem: string,
  context: SigningContext,
  fields: readonly string[],
): string {
  return sign(null, signingInput(context, fields), createPrivateKey(privateKeyPem)).toString('base64')
}

/** True when `signature` (base64) is the one of the raw public key (base64) over just these fields for this purpose. */
export function isSignedBy(
  publicKey: string,
  context: SigningContext,
  fields: readonly string[],
  signature: string,
): boolean {
  const key = rawPublicKey(publicKey)
  const bytes = Buffer.from(signature, 'base64')
  if (key === undefined || bytes.length !== SIGNATURE_BYTES) return false
  return verify(null, signingInput(context, fields), key, bytes)
}

function rawPublicKey(publicKey: string): KeyObject | undefined {
  const raw = Buffer.from(publicKey, 'base64')
  if (raw.length !== RAW_KEY_BYTES) return undefined
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  })
}
