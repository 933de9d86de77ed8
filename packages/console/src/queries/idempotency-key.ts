import { useState } from 'react'

/**
 * Gives a key for what is asked for, the same one for as long as that is the same: pressing the button again after an
 * answer got lost starts nothing twice, and asking for something else is not taken for it.
 */
export function useIdempotencyKey(): (asked: unknown) => string {
  const [keys] = useState(() => new Map<string, string>())
  return (asked) => {
    const text = JSON.stringify(asked)
    const key = keys.get(text) ?? newKey()
    keys.set(text, key)
    return key
  }
}

/** Also where a page came without TLS, and browsers make no UUIDs. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
