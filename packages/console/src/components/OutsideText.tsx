import { safeText } from '@fleetsweep/client'
import type { CSSProperties } from 'react'

/** Text from outside (names, paths, comments): never markup, and its writing direction stays its own affair. */
export function OutsideText({ text, mono = false }: { text: string; mono?: boolean }) {
  // Hashes and paths may break anywhere, but not into slivers; names only when they would not fit otherwise.
  const style: CSSProperties = mono
    ? {
        display: 'inline-block',
        fontFamily: 'var(--fontFamilyMonospace)',
        overflowWrap: 'anywhere',
        minWidth: `${Math.min(text.length, 24)}ch`,
      }
    : { overflowWrap: 'break-word' }
  return <bdi style={style}>{safeText(text)}</bdi>
}
