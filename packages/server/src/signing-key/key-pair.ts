import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
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

/** For orders and the audit: Ed25519, its public half the raw 32 bytes in base64. */
export async function newEd25519KeyPair(): Promise<NewKeyPair> {
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

/** A private key of `newEd25519KeyPair`; signatures are base64. */
export type Ed25519Key = {
  sign(input: Uint8Array): string
  /** Needs no public key from elsewhere: whoever can change the database cannot make this one. */
  verify(input: Uint8Array, signature: string): boolean
}

/** Opens a key of `newEd25519KeyPair`. */
export function openEd25519Key(privateKey: Buffer): Ed25519Key {
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key)
  return {
    sign: (input) => sign(null, input, key).toString('base64'),
    verify: (input, signature) => verify(null, input, publicKey, Buffer.from(signature, 'base64')),
  }
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' })
}
