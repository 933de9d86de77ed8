import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

const MAGIC = Buffer.from('FSQUAR1\n')
const SALT_BYTES = 32
const HEADER_BYTES = MAGIC.length + SALT_BYTES
const CHUNK_BYTES = 1024 * 1024
const TAG_BYTES = 16

/** A copy that is not what was put into it: damaged, cut short, or sealed with another key. */
export class SealError extends Error {}

/** QuarantineRoom that the copy of a file takes. */
export function sealedBytes(sizeBytes: number): number {
  return HEADER_BYTES + sizeBytes + TAG_BYTES * (Math.floor(sizeBytes / CHUNK_BYTES) + 1)
}

/**
 * Writes an encrypted copy: a header with a salt, then chunks of 1 MiB, each sealed with AES-256-GCM under a key of this
 * copy alone. A chunk's nonce holds its number and whether it is the last, so that none can be moved, left out or cut.
 *
 * @returns size and SHA-256 of what was read
 */
export async function seal(
  from: FileHandle,
  to: FileHandle,
  key: Buffer,
): Promise<{ sizeBytes: number; sha256: string }> {
  const header = Buffer.concat([MAGIC, randomBytes(SALT_BYTES)])
  const copyKey = keyOfCopy(key, header)
  const hash = createHash('sha256')
  await writeAll(to, header)
  for (let number = 0, sizeBytes = 0; ; number++) {
    const chunk = await readFully(from, CHUNK_BYTES, sizeBytes)
    sizeBytes += chunk.length
    // A chunk that is not full is the last, if need be an empty one.
    const isLast = chunk.length < CHUNK_BYTES
    hash.update(chunk)
    const cipher = createCipheriv('aes-256-gcm', copyKey, nonceOf(number, isLast)).setAAD(header)
    await writeAll(to, Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]))
    if (isLast) return { sizeBytes, sha256: hash.digest('hex') }
  }
}

/**
 * Reads a copy and hands over what was put into it, chunk by chunk. What was handed over counts only once this returns.
 *
 * @returns SHA-256 of the content
 * @throws SealError when the copy is not whole
 */
export async function unseal(
  from: FileHandle,
  key: Buffer,
  take: (chunk: Buffer) => Promise<void>,
): Promise<string> {
  const header = await readFully(from, HEADER_BYTES, 0)
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC))
    throw new SealError('The copy in quarantine has no proper beginning.')
  const copyKey = keyOfCopy(key, header)
  const hash = createHash('sha256')
  for (let number = 0; ; number++) {
    const at = HEADER_BYTES + number * (CHUNK_BYTES + TAG_BYTES)
    const sealed = await readFully(from, CHUNK_BYTES + TAG_BYTES, at)
    const isLast = sealed.length < CHUNK_BYTES + TAG_BYTES
    const chunk = open(sealed, copyKey, nonceOf(number, isLast), header)
    hash.update(chunk)
    await take(chunk)
    if (isLast) return hash.digest('hex')
  }
}

/** Writes all of it; one call may write less. */
export async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

function open(sealed: Buffer, key: Buffer, nonce: Buffer, header: Buffer): Buffer {
  if (sealed.length < TAG_BYTES) throw new SealError('The copy in quarantine is cut short.')
  const end = sealed.length - TAG_BYTES
  const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(header).setAuthTag(sealed.subarray(end))
  try {
    return Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()])
  } catch (cause) {
    throw new SealError('The copy in quarantine is damaged.', { cause })
  }
}

function keyOfCopy(key: Buffer, header: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, header.subarray(MAGIC.length), 'fleetsweep quarantine copy', 32))
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(number, 7)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

async function readFully(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
