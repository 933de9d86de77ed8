import {
  formatInstant,
  type Instant,
  renderFilePath,
  type ScanPhase,
  type SignatureSet,
  signatureState,
} from '@fleetsweep/protocol'

/** What a scan does, in a word or two for people. */
export const PHASE_WORDS: Record<ScanPhase, string> = {
  waiting: 'waiting',
  loadingEngine: 'loading the engine',
  selfTest: 'testing the engine',
  walking: 'looking for files',
  scanning: 'scanning',
  paused: 'paused',
  stopping: 'stopping',
  ended: 'ended',
}

/** Such as "official signatures 27500 of 2026-11-20T08:00:00Z, 8,700,000 in all, in date". @param now by the machine's clock */
export function signatureWords(signatures: SignatureSet, now: Instant): string {
  const { official, version, builtAt, count } = signatures
  const state = { inDate: 'in date', old: 'old', testOnly: 'test signatures only' }[
    signatureState(signatures, now)
  ]
  // Not every engine tells how many it has.
  const all = count === 0 ? '' : `, ${countWords(count)} in all`
  return (
    `${official ? 'official' : 'other'} signatures${version === null ? '' : ` ${version}`}` +
    `${builtAt === null ? '' : ` of ${builtAt}`}${all}, ${state}`
  )
}

/** Such as "1,234". */
export function countWords(n: number): string {
  return n.toLocaleString('en-US')
}

/** Such as "2026-11-25 08:30:00Z". */
export function momentWords(instant: Instant): string {
  return `${formatInstant(instant).slice(0, 19).replace('T', ' ')}Z`
}

/** A text of somebody else's, such as a threat's name or a comment, so that it cannot write over a terminal. */
export function safeText(text: string): string {
  return renderFilePath(Buffer.from(text)).text.replaceAll('\\\\', '\\')
}
