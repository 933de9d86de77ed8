import { renderFilePath } from '@fleetsweep/protocol'
import type { ScanRequest } from './scan.ts'

/** The kernel takes no longer path, with the NUL that ends it. */
const MAX_PATH_BYTES = 4_095
const SHOWN_CHARACTERS = 200

/**
 * Why a scan cannot be made of what was asked for, in one sentence; undefined when it can.
 *
 * What is not to be scanned must not be scanned for a mistake in how it is written, so a wrong exclusion ends the scan
 * like a wrong path. One of another system (`C:\Mail` where paths begin with `/`) is none: a policy may be for many
 * machines.
 */
export function findWrongPath({
  scanType,
  paths,
  settings,
}: Pick<ScanRequest, 'scanType' | 'paths' | 'settings'>): string | undefined {
  if (scanType === 'Custom' && paths.length === 0) return 'Nothing was scanned: no path was named.'
  for (const path of paths) {
    const wrong = path.startsWith('/') ? wrongWith(path) : 'does not begin with "/"'
    if (wrong) return `Nothing was scanned: the path "${shown(path)}" ${wrong}.`
  }
  for (const path of settings.exclusions) {
    const wrong = wrongWith(path)
    if (wrong) return `Nothing was scanned: the exclusion "${shown(path)}" ${wrong}.`
  }
  return undefined
}

function wrongWith(path: string): string | undefined {
  if (path.includes('\0')) return 'holds a NUL, which no path can'
  const bytes = Buffer.byteLength(path)
  return bytes > MAX_PATH_BYTES ? `is ${bytes} bytes long; the longest path is ${MAX_PATH_BYTES}` : undefined
}

function shown(path: string): string {
  const { text } = renderFilePath(Buffer.from(path))
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
