import { createHash } from 'node:crypto'
import { ApiError } from '../kit/http/index.ts'
import type { Principal } from '../principal/index.ts'

/** How long a call can be repeated by its key. */
export const IDEMPOTENCY_KEYS_KEPT_MS = 86_400_000

/** What makes a call known again. */
export type IdempotencyKey = {
  /** Whose it is: two callers may choose the same. */
  principal: string
  key: string
  /** SHA-256 of what was asked for, hex. */
  fingerprint: string
}

export function idempotencyOf(principal: Principal, key: string, request: object): IdempotencyKey {
  const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('hex')
  return { principal: `${principal.kind}/${principal.id}`, key, fingerprint }
}

/**
 * Reads the header `Idempotency-Key`: 1 to 255 visible characters, with or without the quotes of a structured field.
 *
 * @throws ApiError `InvalidInput`
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = typeof header === 'string' ? header : header.join(',')
  const key = /^"(.*)"$/.exec(text)?.[1] ?? text
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError(
      'InvalidInput',
      'Idempotency-Key must be 1 to 255 visible ASCII characters without blanks',
    )
  }
  return key
}
