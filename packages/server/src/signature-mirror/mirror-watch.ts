import type { Clock } from '@fleetsweep/protocol'
import type { SignatureMirror } from './signature-mirror.ts'

/** Looked at again after this; thousands of machines ask within one heartbeat. */
const FRESH_MS = 60_000

/**
 * Tells whether this server can serve as a mirror: it holds the two databases without which freshclam takes nothing.
 * What is in the folder changes behind our back, by an import.
 *
 * @param mirror null where this server is none
 */
export function watchMirror(
  mirror: Pick<SignatureMirror, 'list'> | null,
  clock: Clock,
): () => Promise<boolean> {
  let known: { answer: Promise<boolean>; atMs: number } | undefined
  const look = async () => {
    const files = (await mirror?.list())?.map(({ file }) => file) ?? []
    return files.includes('main.cvd') && files.includes('daily.cvd')
  }
  return () => {
    const nowMs = clock.monotonicMs()
    if (known === undefined || nowMs - known.atMs >= FRESH_MS) {
      // A folder that cannot be read serves nobody.
      known = { answer: look().catch(() => false), atMs: nowMs }
    }
    return known.answer
  }
}
