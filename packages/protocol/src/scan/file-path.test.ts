import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_RENDERED_PATH_BYTES, renderFilePath } from './file-path.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('rendering a file path', () => {
  it('shows a plain path as it is, in any script', () => {
    expect(renderFilePath(Buffer.from('/home/ana/Übung 文件 🦊.txt'))).toEqual({
      text: '/home/ana/Übung 文件 🦊.txt',
    })
  })

  it.each([
    ['a newline', bytes('/a\nb'), '/a\\x0ab'],
    ['a terminal escape', bytes('/\x1b[31mred'), '/\\x1b[31mred'],
    ['a backslash', bytes('/a\\x0ab'), '/a\\\\x0ab'],
    ['bytes that are not UTF-8', bytes('/caf\xe9'), '/caf\\xe9'],
    ['an overlong slash', bytes('/\xc0\xaf'), '/\\xc0\\xaf'],
    ['an encoded surrogate', bytes('/\xed\xa0\x80'), '/\\xed\\xa0\\x80'],
    ['a sequence cut short', bytes('/\xf0\x9f\xa6'), '/\\xf0\\x9f\\xa6'],
    ['a right-to-left override', Buffer.from('/exe\u202etxt.'), '/exe\\xe2\\x80\\xaetxt.'],
    ['a line separator', Buffer.from('/a\u2028b'), '/a\\xe2\\x80\\xa8b'],
  ])('escapes %s and keeps the exact bytes', (_what, path, text) => {
    expect(renderFilePath(path)).toEqual({ text, base64: path.toString('base64') })
  })

  it('cuts a path that is longer than any report should carry, and says so', () => {
    const rendered = renderFilePath(new Uint8Array(MAX_RENDERED_PATH_BYTES + 1).fill(7))
    expect(rendered.text).toHaveLength(MAX_RENDERED_PATH_BYTES * 4 + 1)
    expect(rendered.text.endsWith('…')).toBe(true)
  })

  it('never loses a byte, never shows an unsafe character, and never shows two paths alike', () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('\\', '\\x0a', '\n', 'é', '🦊').map((text) => Buffer.from(text)),
    )
    const path = fc.array(pieces, { maxLength: 8 }).map((parts) => Buffer.concat(parts))
    fc.assert(
      fc.property(path, (original) => {
        const { text, base64 } = renderFilePath(original)
        expect(unescapePath(text)).toEqual(original)
        expect(base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')).toEqual(original)
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(text.isWellFormed()).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

/** The inverse, written independently: what a reader of the text would type back. */
function unescapePath(text: string): Buffer {
  const parts = text.match(/\\\\|\\x[0-9a-f]{2}|[^\\]/gsu) ?? []
  return Buffer.concat(
    parts.map((part) =>
      part === '\\\\'
        ? Buffer.from('\\')
        : part.startsWith('\\x')
          ? Buffer.from(part.slice(2), 'hex')
          : Buffer.from(part),
    ),
  )
}
