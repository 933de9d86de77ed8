import type { BigIntStats } from 'node:fs'
import {
  addsUp,
  type Clock,
  type Detection,
  type Exclusion,
  renderFilePath,
  type ScanReport,
} from '@fleetsweep/protocol'
import type { EngineSession } from '../engines/engine.ts'
import type { Mount } from '../os/mount-table.ts'
import { type Bucket, CoverageCount } from './coverage-count.ts'
import { fitReport } from './fit-report.ts'
import type { JudgedFiles } from './judged-files.ts'
import { NotScannedListWriter } from './not-scanned-list.ts'
import { ProgressMeter } from './progress-meter.ts'
import type { ScanRequest } from './scan.ts'

const LISTED_AT_MOST = 100

/** Why something is not opened, and who laid that down. */
export type ExclusionSource = Exclusion['source']

/** Where a file went that was met, and was not read. */
type NotRead = Exclude<Bucket, 'scanned' | 'duplicate' | 'unchanged'>

/** Keeps the books of one attempt at a scan: every file that is met, what became of it, and what is told of that. */
export class ScanBook {
  readonly count = new CoverageCount()
  readonly meter: ProgressMeter
  readonly list: NotScannedListWriter
  readonly #request: ScanRequest
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #lists: Pick<ScanReport, 'directoriesUnreadable' | 'mountsSkipped' | 'cuts'> = {
    directoriesUnreadable: [],
    mountsSkipped: [],
    cuts: [],
  }
  readonly #exclusions = new Map<string, Exclusion>()
  readonly #verified = { files: 0, bytes: 0, contradicted: false }
  #folders = 0
  #foldersUnreadable = 0
  #symlinks = 0

  constructor(request: ScanRequest, clock: Clock) {
    this.#request = request
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
    this.list = new NotScannedListWriter(request.workDir)
    this.meter = new ProgressMeter({
      clock,
      attempt: request.attempt,
      count: this.count,
      tell: request.onProgress,
    })
  }

  /** A file was read, or need not be. */
  read(bucket: 'scanned' | 'duplicate' | 'unchanged', bytes: number): void {
    this.count.settle(bucket, bytes)
    this.meter.moved()
  }

  /** A file was met and not read. */
  notRead(reason: NotRead, path: Buffer, bytes: number, detail: string): void {
    this.count.settle(reason, bytes, { path, detail })
    this.list.add(reason, path, detail, bytes)
    this.meter.moved()
  }

  /** A file was met that nothing will be done to. */
  passed(reason: NotRead, path: Buffer, detail: string, sizeBytes = 0n): void {
    this.notRead(reason, path, this.count.meet(sizeBytes), detail)
  }

  found(detection: Detection, judged: Pick<JudgedFiles, 'tell'>): void {
    if (judged.tell(detection)) this.foundEarlier(detection)
  }

  /** What was found in an earlier attempt, and is told again because a server may not have heard of it. */
  foundEarlier(detection: Detection): void {
    this.meter.detected()
    this.#request.onDetection(detection)
  }

  /** True once a folder, or a file that is there, was met. */
  get hasMet(): boolean {
    const { met, notScanned } = this.count.coverage
    return met.files > notScanned.vanished.files || this.#folders + this.#foldersUnreadable > 0
  }

  /** What was left out for whatever reason, of all places that were to be looked at. */
  get leftOut(): { vanished: number; mounts: number } {
    return {
      vanished: this.count.coverage.notScanned.vanished.files,
      mounts: this.#lists.mountsSkipped.length,
    }
  }

  verified(bytes: number): void {
    this.#verified.files++
    this.#verified.bytes += bytes
  }

  /** What was known of unchanged files proved wrong. */
  contradicted(): void {
    this.#verified.contradicted = true
  }

  symlink(): void {
    this.#symlinks++
  }

  folder(): void {
    this.#folders++
  }

  unreadableFolder(path: Buffer, detail: string): void {
    this.#foldersUnreadable++
    const { directoriesUnreadable: listed } = this.#lists
    if (listed.length < LISTED_AT_MOST) listed.push({ path: renderFilePath(path), detail })
  }

  mountSkipped({ point, fileSystem }: Mount): void {
    const { mountsSkipped: listed } = this.#lists
    const path = renderFilePath(Buffer.from(point, 'latin1'))
    if (listed.length < LISTED_AT_MOST) listed.push({ path, fileSystem: fileSystem.slice(0, 64) })
  }

  cut(place: Buffer, limit: string): void {
    const { cuts } = this.#lists
    if (cuts.length < LISTED_AT_MOST) cuts.push({ place: renderFilePath(place), limit })
  }

  /** Something is not to be opened; it is told whether anything of it is met or not. */
  exclude(path: string, source: ExclusionSource): void {
    if (this.#exclusions.has(path)) return
    this.#exclusions.set(path, { path: renderFilePath(Buffer.from(path)), source, files: 0, bytes: 0 })
  }

  excluded(path: Buffer, stats: Pick<BigIntStats, 'size'>, exclusion: string): void {
    const bytes = this.count.meet(stats.size)
    const told = this.#exclusions.get(exclusion)
    if (told) {
      told.files++
      told.bytes += bytes
    }
    this.notRead('excluded', path, bytes, '')
  }

  /**
   * Everything that was met and that nothing was done to ends up here.
   *
   * @param listAtMost how many of them are listed
   */
  rest(
    reason: 'cancelled' | 'engineError',
    items: Iterable<{ path: Buffer; bytes: number }>,
    listAtMost = Number.POSITIVE_INFINITY,
  ): void {
    let listed = 0
    for (const { path, bytes } of items) {
      if (listed++ >= listAtMost) {
        this.list.leaveOut()
        break
      }
      if (listed <= LISTED_AT_MOST) this.count.sampleOnly(reason, path, '')
      this.list.add(reason, path, '', bytes)
    }
    this.count.settleRest(reason)
  }

  /** @throws Error when the files do not add up, which would be a mistake of ours */
  report(
    session: Pick<EngineSession, 'info'>,
    parts: { judged: Pick<JudgedFiles, 'carriedOver' | 'judgedAgain'>; cpuCeilingPercent: number },
  ): ScanReport {
    const { scanType, attempt } = this.#request
    const { carriedOver, judgedAgain } = parts.judged
    const { coverage } = this.count
    if (!addsUp(coverage)) throw new Error(`the files of the scan do not add up: ${JSON.stringify(coverage)}`)
    const { path: _, ...list } = this.list.finish() ?? { path: '', files: 0 }
    return fitReport(
      {
        scanType,
        attempts: attempt,
        durationMs: Math.round(this.#clock.monotonicMs() - this.#startedMs),
        engine: session.info,
        coverage,
        detections: this.meter.detections,
        symlinksNotFollowed: this.#symlinks,
        directories: this.#folders,
        directoriesUnreadableCount: this.#foldersUnreadable,
        cpuCeilingPercent: parts.cpuCeilingPercent,
        ...(carriedOver.files > 0 && { carriedOver }),
        ...(judgedAgain.files > 0 && { judgedAgain }),
        ...((this.#verified.files > 0 || this.#verified.contradicted) && {
          unchangedVerified: this.#verified,
        }),
        ...('sha256' in list && { notScannedList: list }),
      },
      { ...this.#lists, exclusions: [...this.#exclusions.values()], notScannedSamples: this.count.samples },
    )
  }
}
