import { type FilePath, MAX_RENDERED_PATH_BYTES, renderFilePath } from '@fleetsweep/protocol'

/** What `renderFilePath` writes in another way, but for the backslash, and halves of characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** On a drive, or on another machine. */
export function isWindowsPath(path: string): boolean {
  return /^([A-Za-z]:[\\/]|\\\\)/.test(path)
}

/**
 * The bytes of a Windows name, which is UTF-16 and may hold halves of a pair: as UTF-8, a half as if it were a
 * character (WTF-8). So no two names have the same bytes.
 *
 * @see https://simonsapin.github.io/wtf-8/
 */
export function windowsPathBytes(path: string): Buffer {
  const parts = path.split(/(\p{Cs})/u)
  return Buffer.concat(parts.map((part, i) => (i % 2 === 1 ? halfBytes(part) : Buffer.from(part))))
}

/**
 * Renders a Windows path. Its backslashes stand as they are unless something else has to be escaped: then they are
 * doubled, as in every path with escapes.
 */
export function renderWindowsPath(path: string): FilePath {
  const bytes = windowsPathBytes(path)
  return UNSAFE.test(path) || bytes.length > MAX_RENDERED_PATH_BYTES ? renderFilePath(bytes) : { text: path }
}

function halfBytes(half: string): Buffer {
  const unit = half.charCodeAt(0)
  return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)])
}
