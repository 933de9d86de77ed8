import { describeProgress, safeText } from '@fleetsweep/client'
import type { Scan, ScanProgress } from '@fleetsweep/protocol'

/** Something and when it was learned, by the reader's clock. */
export type Learned<T> = { value: T; atMs: number }

/** How a scan stands that has not ended, for people. */
export type ScanStanding = {
  /** Null before it can be told. */
  percent: number | null
  /** How far it is. */
  words: string
  /** Why nothing moves. */
  waiting: string | undefined
  isMoving: boolean
}

/**
 * Puts together what the server answered and what a live event told: the newer of the two says why nothing moves, for a
 * machine that fell silent tells no more events, and one that goes on sends no answer.
 */
export function scanStanding(
  scan: Learned<Pick<Scan, 'status' | 'progress' | 'waitingFor'>>,
  live: Learned<ScanProgress> | undefined,
): ScanStanding {
  const isLive = live !== undefined && (live.atMs >= scan.atMs || scan.value.progress === null)
  const progress = isLive ? live.value : scan.value.progress
  const because = isLive && live.atMs >= scan.atMs ? (live.value.because ?? null) : scan.value.waitingFor
  const waiting = because === null ? undefined : safeText(because)
  const isStill = progress?.phase === 'waiting' || progress?.phase === 'paused'
  return {
    percent: progress !== null && hasTotals(progress) ? progress.percent : null,
    words: wordsFor(scan.value.status, progress),
    waiting,
    isMoving: waiting === undefined && !isStill && scan.value.status !== 'Pending',
  }
}

/** A scan that pauses knows how far it came. */
function hasTotals({ phase, filesTotal, percent }: ScanProgress): boolean {
  return phase === 'scanning' || (phase === 'paused' && filesTotal > 0 && percent > 0)
}

function wordsFor(status: Scan['status'], progress: ScanProgress | null): string {
  if (progress === null) return status === 'Pending' ? 'waiting for the machine' : 'starting'
  if (progress.phase !== 'paused' || !hasTotals(progress)) return describeProgress(progress)
  // While nothing moves, the time that is left says nothing.
  return `paused at ${describeProgress({ ...progress, phase: 'scanning', etaMs: null })}`
}
