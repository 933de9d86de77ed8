import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import type { Detection, NotScannedReason } from '@fleetsweep/protocol'
import type { EngineSession } from '../engines/engine.ts'
import { describeThreat } from './detection.ts'
import { errorCode } from './error-code.ts'
import { reachPath } from './reach-path.ts'
import { fileIdOf, type WorkItem } from './work-list.ts'

/** What became of one file. */
export type FileOutcome =
  | { kind: 'clean'; mark: string }
  | { kind: 'threat'; mark: string; detection: Detection }
  | { kind: 'notScanned'; reason: NotScannedReason; detail: string }

export type JudgeFileOptions = {
  session: EngineSession
  signal: AbortSignal
  ownerNames: ReadonlyMap<number, string>
}

/** A file that changes under the scan is read once more, then reported. */
const ATTEMPTS = 2

/** Opens a file, lets the engine judge it, and makes sure that the verdict is about that file as it is. */
export async function judgeFile(
  file: Pick<WorkItem, 'path' | 'openPath' | 'fileId'>,
  options: JudgeFileOptions,
): Promise<FileOutcome> {
  const { session } = options
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const opened = openFile(file)
    if (opened.kind !== 'open') return opened
    const { descriptor, stats } = opened
    try {
      if (!stats.isFile()) return notScanned('specialFile', 'became something else')
      if (stats.size > session.info.limits.maxFileSizeBytes)
        return notScanned('tooLarge', `${stats.size} bytes`)
      // The process that led to the file may have ended, and another may have its number.
      if (file.openPath && fileIdOf(stats) !== file.fileId) return notScanned('vanished', 'the process ended')
      if (!file.openPath && findMark(file.path) !== markOf(stats)) continue
      const judgement = await session.judge(descriptor, Number(stats.size))
      if (judgement.kind === 'threat') {
        // True of what was read, whatever the file has become since.
        const { threatName } = judgement
        const { signal, ownerNames } = options
        return {
          kind: 'threat',
          mark: markOf(stats),
          detection: await describeThreat({
            threatName,
            path: file.path,
            descriptor,
            stats,
            ownerNames,
            signal,
          }),
        }
      }
      if (judgement.kind === 'notJudged' && judgement.reason === 'cancelled') {
        return notScanned('cancelled', judgement.detail)
      }
      if (markOf(fstatSync(descriptor, { bigint: true })) !== markOf(stats)) continue
      return judgement.kind === 'clean'
        ? { kind: 'clean', mark: markOf(stats) }
        : notScanned(judgement.reason, judgement.detail)
    } finally {
      closeSync(descriptor)
    }
  }
  return notScanned('changedWhileScanning', '')
}

type Opened =
  | { kind: 'open'; descriptor: number; stats: BigIntStats }
  | (FileOutcome & { kind: 'notScanned' })

function openFile({ path, openPath }: { path: Buffer; openPath: Buffer | null }): Opened {
  // NONBLOCK: a FIFO that took the file's place must not make us wait for a writer. NOATIME: a scan leaves no trace.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const flags = O_RDONLY | O_NONBLOCK | (openPath ? 0 : O_NOFOLLOW)
  try {
    const descriptor = reachPath(openPath ?? path, (short) => openWithoutTrace(short, flags))
    try {
      return { kind: 'open', descriptor, stats: fstatSync(descriptor, { bigint: true }) }
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  } catch (error) {
    const code = errorCode(error)
    // ELOOP, ENOTDIR: a link or a file has taken the place of what was met here; that is gone.
    const isGone = ['ENOENT', 'ELOOP', 'ENOTDIR', 'ESRCH'].includes(code)
    return notScanned(isGone ? 'vanished' : 'unreadable', code)
  }
}

function openWithoutTrace(path: Buffer, flags: number): number {
  const { O_NOATIME } = constants
  if (O_NOATIME === undefined) return openSync(path, flags)
  try {
    return openSync(path, flags | O_NOATIME)
  } catch (error) {
    // Only the owner and root may leave the access time alone.
    if (errorCode(error) !== 'EPERM') throw error
    return openSync(path, flags)
  }
}

/** The mark of what a path leads to, links not followed; undefined when there is nothing. */
export function findMark(path: Buffer): string | undefined {
  try {
    return markOf(reachPath(path, (short) => lstatSync(short, { bigint: true })))
  } catch (error) {
    errorCode(error)
    return undefined
  }
}

/**
 * Tells one file in one state: equal marks mean that nothing was written to it. The time of change (ctime) cannot be
 * set back without changing the machine's clock.
 */
export function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

function notScanned(reason: NotScannedReason, detail: string): FileOutcome & { kind: 'notScanned' } {
  return { kind: 'notScanned', reason, detail }
}
