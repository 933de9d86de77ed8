import type { ScanProgress } from '@fleetsweep/protocol'

/** What is told of a scan whose turn has not come. */
export function waitingProgress(attempt: number): ScanProgress {
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
  }
}
