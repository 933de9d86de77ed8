import { type Static, Type } from 'typebox'
import { Base64Text } from '../ids.ts'

/**
 * A file path as the operating system holds it: bytes. `text` is safe to show anywhere: control and invisible
 * formatting characters and bytes that are not UTF-8 are written as `\xNN`, a backslash as `\\`. `base64` holds the
 * exact bytes whenever `text` is not simply those bytes read as UTF-8.
 */
export const FilePath = Type.Object({
  text: Type.String({ maxLength: 65_536 }),
  base64: Type.Optional(Base64Text),
})
export type FilePath = Static<typeof FilePath>

/** Longest path that is rendered whole; of a longer one the first part is, and its text ends in `…`. */
export const MAX_RENDERED_PATH_BYTES = 16_000

/** Cc, Cf: terminal escapes, right-to-left overrides, zero-width characters; Zl, Zp: line breaks under another name. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u

/** Renders the bytes of a path; see `FilePath`. */
export function renderFilePath(path: Uint8Array): FilePath {
  const cut = path.length > MAX_RENDERED_PATH_BYTES
  const bytes = cut ? path.subarray(0, MAX_RENDERED_PATH_BYTES) : path
  let text = ''
  let exact = !cut
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes, at)
    const character = length === 0 ? '' : decoder.decode(bytes.subarray(at, at + length))
    if (length === 0 || unsafe.test(character)) {
      exact = false
      text += character === '\\' ? '\\\\' : escapeBytes(bytes.subarray(at, at + Math.max(length, 1)))
    } else {
      text += character
    }
    at += Math.max(length, 1)
  }
  return exact ? { text } : { text: cut ? `${text}…` : text, base64: toBase64(bytes) }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Length of the well-formed UTF-8 sequence that starts here, 0 when there is none (Unicode Standard, table 3-7). */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
  if (length === 0 || at + length > bytes.length) return 0
  const second = bytes[at + 1] ?? 0
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = at + 2; i < at + length; i++) {
    if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0
  }
  return length
}

function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
