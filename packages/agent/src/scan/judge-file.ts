import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { type Detection, type NotScannedReason, renderFilePath } from '@fleetsweep/protocol'
import type { EngineSession, Judgement } from '../engines/engine.ts'
import type { SteadyFiles } from '../ledger/index.ts'
import { describeThreat } from './detection.ts'
import { errorCode } from './error-code.ts'
import { fileIdOf, isSame } from './file-mark.ts'
import { reachPath } from './reach-path.ts'
import { hashFile, type SameContent } from './same-content.ts'
import type { WorkItem } from './work-list.ts'

/** What became of one file. */
export type FileOutcome =
  | { kind: 'clean'; stats: BigIntStats; isRepeated: boolean }
  | { kind: 'threat'; stats: BigIntStats; isRepeated: boolean; detection: Detection }
  /** `stats` where the engine gave a verdict about what the file was then. */
  | { kind: 'notScanned'; reason: NotScannedReason; detail: string; stats?: BigIntStats }

export type JudgeFileOptions = {
  session: EngineSession
  contents: SameContent
  steady: SteadyFiles
  signal: AbortSignal
  ownerNames: ReadonlyMap<number, string>
}

type FileToJudge = Pick<WorkItem, 'path' | 'openPath' | 'fileId' | 'isSizeShared'>

/** A file that changes under the scan is read once more, then reported. */
const ATTEMPTS = 2

/** Opens a file, lets the engine judge it, and makes sure that the verdict is about that file as it is. */
export async function judgeFile(file: FileToJudge, options: JudgeFileOptions): Promise<FileOutcome> {
  const { session, signal, ownerNames } = options
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
      if (!file.openPath && !isAt(file.path, stats)) continue
      const { judgement, isRepeated, sha256 } = await judgeContent(file, descriptor, stats, options)
      const isUnchanged = isSame(fstatSync(descriptor, { bigint: true }), stats)
      if (judgement.kind === 'threat') {
        // What the engine itself has read holds it, whatever the file has become since.
        if (isRepeated && !isUnchanged) continue
        const { threatName } = judgement
        const threat = { threatName, path: file.path, descriptor, stats, ownerNames, sha256, signal }
        return { kind: 'threat', stats, isRepeated, detection: await describeThreat(threat) }
      }
      if (judgement.kind === 'notJudged' && judgement.reason === 'cancelled') {
        return notScanned('cancelled', judgement.detail)
      }
      if (!isUnchanged) continue
      return judgement.kind === 'clean'
        ? { kind: 'clean', stats, isRepeated }
        : { ...notScanned(judgement.reason, judgement.detail), stats }
    } finally {
      closeSync(descriptor)
    }
  }
  return notScanned('changedWhileScanning', '')
}

async function judgeContent(
  { isSizeShared }: FileToJudge,
  descriptor: number,
  stats: BigIntStats,
  { session, contents, steady, signal }: JudgeFileOptions,
): Promise<{ judgement: Judgement; isRepeated: boolean; sha256: string | undefined }> {
  const judge = () => session.judge(descriptor, Number(stats.size))
  // Of any other file the engine might read other bytes than were hashed, and all that hold those would share its verdict.
  const isShared = isSizeShared && steady.isSteady(stats)
  const sha256 = isShared ? ((await hashFile(descriptor, stats.size, signal)) ?? undefined) : undefined
  if (sha256 === undefined) return { judgement: await judge(), isRepeated: false, sha256 }
  return { ...(await contents.judge(sha256, judge)), sha256 }
}

type Opened =
  | { kind: 'open'; descriptor: number; stats: BigIntStats }
  | (FileOutcome & { kind: 'notScanned' })

function openFile({ path, openPath }: Pick<WorkItem, 'path' | 'openPath'>): Opened {
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

function isAt(path: Buffer, stats: BigIntStats): boolean {
  const there = findStats(path)
  return there !== undefined && isSame(there, stats)
}

/** What a path leads to, links not followed; undefined when there is nothing. */
export function findStats(path: Buffer): BigIntStats | undefined {
  try {
    return reachPath(path, (short) => lstatSync(short, { bigint: true }))
  } catch (error) {
    errorCode(error)
    return undefined
  }
}

/** A threat is told for each name of its file. */
export function nameFor(detection: Detection, path: Buffer): Detection {
  return { ...detection, path: renderFilePath(path) }
}

function notScanned(reason: NotScannedReason, detail: string): FileOutcome & { kind: 'notScanned' } {
  return { kind: 'notScanned', reason, detail }
}
