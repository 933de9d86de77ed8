import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)
const RSA_BITS = 2048
const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** A new key pair as the store keeps it: the public half as text, the private half as PKCS #8. */
export type NewKeyPair = { publicKey: string; privateKey: Buffer }

/** For tokens: RSA, its public half a JWK with `kid`. */
export async function newTokenKeyPair(id: string): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: RSA_BITS })
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  return {
    publicKey: JSON.stringify({ kty, use: 'sig', alg: 'RS256', kid: id, n, e }),
    privateKey: pkcs8(privateKey),
  }
}

/** For orders: Ed25519, its public half the raw 32 bytes in base64. */
export async function newOrderKeyPair(): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await generate('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  return {
    publicKey: Buffer.from(x ?? '', 'base64url').toString('base64'),
    privateKey: pkcs8(privateKey),
  }
}

/** Opens a key of `newTokenKeyPair` for signing; it cannot be exported again. */
export function openTokenKey(privateKey: Buffer): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', new Uint8Array(privateKey), RS256, false, ['sign'])
}

/** Opens a key of `newOrderKeyPair` as a function that signs, in base64. */
export function openOrderKey(privateKey: Buffer): (input: Uint8Array) => string {
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  return (input) => sign(null, input, key).toString('base64')
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' })
}
