import { availableParallelism } from 'node:os'
import {
  addsUp,
  type Clock,
  Detection,
  MICROSECONDS_PER_MS,
  renderFilePath,
  type ScanReport,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Engine, EngineError, EngineOpenAborted, type EngineSession } from '../engines/engine.ts'
import { ScanGovernor } from '../governor/index.ts'
import { hiddenLocalMounts, type MountTable, readMountTable } from '../os/mount-table.ts'
import { listUserAccounts } from '../os/user-accounts.ts'
import { CoverageCount } from './coverage-count.ts'
import { fitReport } from './fit-report.ts'
import { type FileOutcome, findMark, judgeFile } from './judge-file.ts'
import { isWithin, narrow, placeOf, realPath } from './narrow-places.ts'
import { ProgressMeter } from './progress-meter.ts'
import { listQuickPlaces, type QuickPlace } from './quick-places.ts'
import type { ScanOutcome, ScanRequest, ScanRunner } from './scan.ts'
import { DEFAULT_QUICK_CAP, type ScanConfig } from './scan-config.ts'
import { StopWatch } from './stop-watch.ts'
import { Walker, type WalkVisitor } from './walk.ts'
import { type Tier, type WorkItem, WorkList } from './work-list.ts'

export type ScanRunnerParts = { engine: Engine; clock: Clock; config?: ScanConfig }

/** Makes the function that scans this machine with an engine; one scan at a time. */
export function createScanRunner(parts: ScanRunnerParts): ScanRunner {
  return (request) => new Scan(parts, request).run()
}

const LISTED_AT_MOST = 100

const KeptOutcome = Compile(
  Type.Union([
    Type.Object({ kind: Type.Literal('clean'), mark: Type.String() }),
    Type.Object({ kind: Type.Literal('threat'), mark: Type.String(), detection: Detection }),
  ]),
)

class Scan {
  readonly #parts: ScanRunnerParts
  readonly #request: ScanRequest
  readonly #config: ScanConfig
  readonly #count = new CoverageCount()
  readonly #meter: ProgressMeter
  readonly #lists: Pick<ScanReport, 'directoriesUnreadable' | 'mountsSkipped' | 'cuts'> = {
    directoriesUnreadable: [],
    mountsSkipped: [],
    cuts: [],
  }
  readonly #startedMs: number
  /** Files with several names that are being judged: the other names wait for them. */
  readonly #underWay = new Map<number, Promise<void>>()
  #folders = 0
  #foldersUnreadable = 0
  #symlinks = 0

  constructor(parts: ScanRunnerParts, request: ScanRequest) {
    this.#parts = parts
    this.#request = request
    this.#config = parts.config ?? {}
    this.#startedMs = parts.clock.monotonicMs()
    this.#meter = new ProgressMeter({
      clock: parts.clock,
      attempt: request.attempt,
      count: this.#count,
      tell: request.onProgress,
    })
  }

  async run(): Promise<ScanOutcome> {
    const { signal } = this.#request
    const stop = new StopWatch(signal, this.#parts.clock)
    let session: EngineSession | undefined
    try {
      if (signal.aborted) return stop.outcome('neverStarted', null)
      session = await this.#parts.engine.open({
        signal,
        onPhase: (phase) => this.#meter.enter(phase),
        cpuCeilingPercent: this.#ceilingPercent,
      })
      const opened = session
      stop.onStop(() => opened.stop())
      return await this.#scan(opened, stop)
    } catch (error) {
      if (error instanceof EngineOpenAborted) return stop.outcome(error.proof, null)
      // Whatever goes wrong on this machine is the scan's result, and the next scan may do better.
      return { kind: 'failed', reason: reasonOf(error), report: null }
    } finally {
      stop.disarm()
      await session?.[Symbol.asyncDispose]()
      this.#meter.enter('ended')
    }
  }

  async #scan(session: EngineSession, stop: StopWatch): Promise<ScanOutcome> {
    const { signal, workDir, onStarted } = this.#request
    onStarted(session.info)
    using governor = new ScanGovernor({
      clock: this.#parts.clock,
      cores: availableParallelism(),
      ceilingPercent: this.#ceilingPercent,
      usedCpuMs: ownCpuMs,
      brake: session.brake,
    })
    // What is to stop must be able to answer that it did.
    signal.addEventListener('abort', () => governor[Symbol.dispose](), { once: true })
    const pace = () => governor.pace()
    const list = new WorkList(workDir)
    try {
      this.#meter.enter('walking')
      await this.#walk(session, list, pace)
      if (!signal.aborted) this.#meter.enter('scanning')
      const items = list.items()
      const failure = await this.#judgeAll(items, list, session, pace)
      if (signal.aborted) {
        this.#meter.enter('stopping')
        for (const { path } of items.take(LISTED_AT_MOST)) this.#count.sampleOnly('cancelled', path, '')
        this.#count.settleRest('cancelled')
        return stop.outcome(await stop.proof(), this.#report(session))
      }
      if (failure === undefined) return { kind: 'finished', report: this.#report(session) }
      this.#count.settleRest('engineError')
      return { kind: 'failed', reason: reasonOf(failure), report: this.#report(session) }
    } finally {
      list.close()
    }
  }

  async #walk(session: EngineSession, list: WorkList, pace: () => Promise<void>): Promise<void> {
    const { scanType, signal, workDir } = this.#request
    const mounts = readMountTable()
    const exclude = [...(this.#config.exclude ?? []), ...session.ownFolders, workDir].map(realPath)
    let tier: Tier = 'first'
    const visitor = this.#visitor(session, (path, stats, openPath, bytes) =>
      list.add(tier, { path, openPath, bytes, stats }),
    )
    const walker = new Walker({ mounts, exclude, visitor, signal, pace })
    const cap = scanType === 'Quick' ? (this.#config.quickCap ?? DEFAULT_QUICK_CAP) : undefined
    const meetFiles = (places: QuickPlace[]) =>
      places.filter(({ path, openPath }) => {
        if (!openPath) return !walker.meetFile(path)
        walker.meetThrough(path, openPath)
        return false
      })
    const firstFolders = meetFiles(await this.#firstPlaces(mounts))
    tier = 'rest'
    const roots = scanType === 'Full' ? meetFiles(this.#allowed(this.#fullRoots(mounts))) : []
    tier = 'first'
    for (const { path } of firstFolders) {
      if (!(await walker.walkFolder(path, cap)) && cap) {
        this.#cut(path, `newest ${cap.files} files or ${cap.bytes} bytes`)
      }
    }
    tier = 'rest'
    for (const { path } of roots) await walker.walkFolder(path)
  }

  #fullRoots(mounts: MountTable): QuickPlace[] {
    const { fullRoots } = this.#config
    if (fullRoots) this.#cut(Buffer.from('/'), 'the configuration names the folders of full scans')
    return (fullRoots ?? ['/']).map(placeOf).flatMap((root) => [
      root,
      ...hiddenLocalMounts(mounts, root.path.toString('latin1')).map(({ point }) => ({
        path: Buffer.from(point, 'latin1'),
      })),
    ])
  }

  /** What a quick scan is, and what a full scan does first. */
  async #firstPlaces(mounts: MountTable): Promise<QuickPlace[]> {
    const { quickPlaces, fullRoots, quickCap } = this.#config
    if (this.#request.scanType === 'Full') {
      const roots = fullRoots?.map(realPath)
      const places =
        quickPlaces?.map(placeOf) ?? (await listQuickPlaces({ mounts, nowMs: this.#nowMs() })).places
      return narrow(roots ? narrow(places, roots) : places, this.#config.allowedPaths?.map(realPath))
    }
    if (quickPlaces) return this.#allowed(quickPlaces.map(placeOf))
    const { places, cuts } = await listQuickPlaces({
      mounts,
      nowMs: this.#nowMs(),
      cap: quickCap ?? DEFAULT_QUICK_CAP,
    })
    for (const { place, limit } of cuts) this.#cut(place, limit)
    return this.#allowed(places)
  }

  #allowed(places: QuickPlace[]): QuickPlace[] {
    const allowed = this.#config.allowedPaths?.map(realPath)
    if (allowed === undefined) return places
    for (const place of places) {
      if (!allowed.some((folder) => isWithin(place.path, folder)))
        this.#cut(place.path, 'the policy allows less')
    }
    return narrow(places, allowed)
  }

  get #ceilingPercent(): number {
    const { cpuCeilingPercent } = this.#request.settings
    return Math.min(cpuCeilingPercent, this.#config.cpuCeilingPercent ?? 100)
  }

  #nowMs(): number {
    return this.#parts.clock.now() / MICROSECONDS_PER_MS
  }

  #visitor(
    session: EngineSession,
    keep: (...file: [...Parameters<WalkVisitor['regularFile']>, bytes: number]) => void,
  ): WalkVisitor {
    const { maxFileSizeBytes } = session.info.limits
    const count = this.#count
    const settle = (...what: Parameters<CoverageCount['settle']>) => {
      count.settle(...what)
      this.#meter.moved()
    }
    return {
      regularFile: (path, stats, openPath) => {
        const bytes = count.meet(stats.size)
        // Of an empty file all bytes were read.
        if (stats.size === 0n) {
          settle('scanned', 0)
          return 0
        }
        if (stats.size > maxFileSizeBytes) {
          settle('tooLarge', bytes, { path, detail: `${stats.size} bytes` })
          return 0
        }
        keep(path, stats, openPath, bytes)
        this.#meter.moved()
        return bytes
      },
      specialFile: (path, detail) => settle('specialFile', count.meet(0n), { path, detail }),
      excludedFile: (path, size) => settle('excluded', count.meet(size), { path, detail: '' }),
      unknownFile: (path, reason, detail) => settle(reason, count.meet(0n), { path, detail }),
      symlink: () => {
        this.#symlinks++
      },
      folder: () => {
        this.#folders++
      },
      unreadableFolder: (path, detail) => {
        this.#foldersUnreadable++
        const { directoriesUnreadable: listed } = this.#lists
        if (listed.length < LISTED_AT_MOST) listed.push({ path: renderFilePath(path), detail })
      },
      mountSkipped: ({ point, fileSystem }) => {
        const { mountsSkipped: listed } = this.#lists
        const path = renderFilePath(Buffer.from(point, 'latin1'))
        if (listed.length < LISTED_AT_MOST) listed.push({ path, fileSystem: fileSystem.slice(0, 64) })
      },
    }
  }

  #cut(place: Buffer, limit: string): void {
    const { cuts } = this.#lists
    if (cuts.length < LISTED_AT_MOST) cuts.push({ place: renderFilePath(place), limit })
  }

  /** @returns why the engine cannot go on, if so */
  async #judgeAll(
    items: Generator<WorkItem>,
    list: WorkList,
    session: EngineSession,
    pace: () => Promise<void>,
  ): Promise<unknown> {
    const { signal } = this.#request
    const ownerNames = new Map(listUserAccounts().map(({ uid, name }) => [uid, name]))
    let failure: unknown
    const worker = async () => {
      while (!signal.aborted && failure === undefined) {
        await pace()
        const { value: item, done } = items.next()
        if (done) return
        try {
          const judging = this.#judge(item, list, () => judgeFile(item, { session, signal, ownerNames }))
          if (item.isLinked) this.#underWay.set(item.id, judging)
          await judging
        } catch (error) {
          failure ??= error
        } finally {
          this.#underWay.delete(item.id)
        }
      }
    }
    await Promise.all(Array.from({ length: session.window }, worker))
    return failure
  }

  async #judge(item: WorkItem, list: WorkList, judge: () => Promise<FileOutcome>): Promise<void> {
    const leader = item.leader === null ? undefined : await this.#leaderOutcome(item.leader, list)
    const isSameFile = leader !== undefined && findMark(item.path) === leader.mark
    const outcome = isSameFile ? forOtherName(leader, item) : await judge()
    if (outcome.kind === 'threat') {
      this.#meter.detected()
      this.#request.onDetection(outcome.detection)
    }
    if (outcome.kind === 'notScanned') {
      this.#count.settle(outcome.reason, item.bytes, { path: item.path, detail: outcome.detail })
    } else {
      this.#count.settle(isSameFile ? 'duplicate' : 'scanned', item.bytes)
      if (item.isLinked && item.leader === null) list.keepOutcome(item, JSON.stringify(outcome))
    }
    this.#meter.moved()
  }

  async #leaderOutcome(leader: number, list: WorkList): Promise<Judged | undefined> {
    // Its own failure is told where it is judged.
    await this.#underWay.get(leader)?.catch(() => {})
    return keptOutcome(list.findOutcome(leader))
  }

  #report(session: EngineSession): ScanReport {
    const { scanType, attempt } = this.#request
    const { coverage } = this.#count
    if (!addsUp(coverage)) throw new Error(`the files of the scan do not add up: ${JSON.stringify(coverage)}`)
    return fitReport(
      {
        scanType,
        attempts: attempt,
        durationMs: Math.round(this.#parts.clock.monotonicMs() - this.#startedMs),
        engine: session.info,
        coverage,
        detections: this.#meter.detections,
        symlinksNotFollowed: this.#symlinks,
        directories: this.#folders,
        directoriesUnreadableCount: this.#foldersUnreadable,
      },
      { ...this.#lists, notScannedSamples: this.#count.samples },
    )
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

type Judged = Exclude<FileOutcome, { kind: 'notScanned' }>

function keptOutcome(text: string | undefined): Judged | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text)
  return KeptOutcome.Check(value) ? value : undefined
}

/** A threat is told for each name of its file. */
function forOtherName(outcome: Judged, item: WorkItem): Judged {
  if (outcome.kind === 'clean') return outcome
  return { ...outcome, detection: { ...outcome.detection, path: renderFilePath(item.path) } }
}

function reasonOf(error: unknown): string {
  if (error instanceof EngineError) return error.message
  return `The scan failed: ${error instanceof Error ? error.message : String(error)}`
}
