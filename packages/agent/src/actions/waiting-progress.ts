import type { ScanProgress } from '@fleetsweep/protocol'

/**
 * What is told of a scan that does not run right now.
 *
 * @param last how far it was when it was paused; absent for one that has not begun
 */
export function waitingProgress(attempt: number, because: string, last?: ScanProgress): ScanProgress {
  if (last !== undefined) return { ...last, phase: 'paused', attempt, etaMs: null, because }
  return {
    phase: 'waiting',
    attempt,
    filesTotal: 0,
    filesDone: 0,
    bytesTotal: 0,
    bytesDone: 0,
    percent: 0,
    detections: 0,
    etaMs: null,
    because,
  }
}
