import { safeText } from '@fleetsweep/client'

/** Text from outside (names, paths, comments): never markup, and its writing direction stays its own affair. */
export function OutsideText({ text, mono = false }: { text: string; mono?: boolean }) {
  // Hashes and paths may break anywhere; names only when they would not fit otherwise.
  const style = mono
    ? ({ fontFamily: 'var(--fontFamilyMonospace)', overflowWrap: 'anywhere' } as const)
    : ({ overflowWrap: 'break-word' } as const)
  return <bdi style={style}>{safeText(text)}</bdi>
}
