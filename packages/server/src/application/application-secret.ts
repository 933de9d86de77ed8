import { createHash } from 'node:crypto'

const SECRET_BYTES = 32
const HINT_LENGTH = 3

/** A new secret for an application: the text is shown once, the rest is kept. */
export function newApplicationSecret(randomBytes: (size: number) => Uint8Array): {
  text: string
  secretHash: string
  hint: string
} {
  const text = Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')
  return { text, secretHash: hashApplicationSecret(text), hint: text.slice(0, HINT_LENGTH) }
}

/** 256 random bits need no slow hash: nobody can try them all. */
export function hashApplicationSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
