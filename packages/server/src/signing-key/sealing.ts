import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const PREFIX = 'v1.'
const IV_BYTES = 12
const TAG_BYTES = 16

/** The 32 bytes that every private key of a server is sealed with; from a file or the environment, never a database. */
export type SealingKey = Buffer & { readonly __brand: 'SealingKey' }

/** @throws Error unless there are exactly 32 bytes */
export function readSealingKey(bytes: Uint8Array): SealingKey {
  if (bytes.length !== 32) throw new Error(`A sealing key has 32 bytes, this one has ${bytes.length}.`)
  return Buffer.from(bytes) as SealingKey
}

/** A key for one purpose, made of the sealing key: whoever learns it learns nothing of the others. */
export function deriveKey(key: SealingKey, purpose: string): SealingKey {
  return readSealingKey(new Uint8Array(hkdfSync('sha256', key, '', `fleetsweep ${purpose}`, key.length)))
}

/**
 * Encrypts a secret for the database.
 *
 * @param owner names the row, so that a secret moved to another row does not open
 */
export function seal(key: SealingKey, secret: Uint8Array, owner: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(owner))
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
  return `${PREFIX}${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`
}

/** @throws Error when the sealing key is another, or the text is not what `seal` wrote for this owner */
export function unseal(key: SealingKey, sealed: string, owner: string): Buffer {
  if (!sealed.startsWith(PREFIX)) throw new Error(`What is sealed for ${owner} is sealed in an unknown way.`)
  const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(owner))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new Error(
      `What is sealed for ${owner} does not open with this sealing key. Is it the one the server was set up with?`,
      { cause },
    )
  }
}
