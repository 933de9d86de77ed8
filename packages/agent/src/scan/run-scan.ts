import { createHash, randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type Clock, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import { type Engine, EngineError, EngineOpenAborted, type EngineSession } from '../engines/engine.ts'
import { ScanGovernor } from '../governor/index.ts'
import { Ledger, type LedgerOptions, SteadyFiles, Verification } from '../ledger/index.ts'
import { fileSystemsByDevice } from '../os/file-system-identity.ts'
import { type MountTable, readMountTable } from '../os/mount-table.ts'
import type { QuarantineDesk } from '../quarantine/index.ts'
import { AGENT_VERSION } from '../version.ts'
import { findWrongPath } from './check-paths.ts'
import { Disposal } from './disposal.ts'
import { judgeAll, LedgerContradicted } from './judge-all.ts'
import { JudgedFiles } from './judged-files.ts'
import { meetFiles } from './meet-files.ts'
import { realExclusion } from './narrow-places.ts'
import { planPlaces } from './plan-places.ts'
import { costMs } from './progress-meter.ts'
import type { QuickPlace } from './quick-places.ts'
import type { ScanOutcome, ScanRequest, ScanRunner } from './scan.ts'
import { ScanBook } from './scan-book.ts'
import type { PlaceCap, ScanConfig } from './scan-config.ts'
import { StopWatch } from './stop-watch.ts'
import { Walker } from './walk.ts'
import { type Tier, WorkList } from './work-list.ts'
import { isWriteFailure } from './write-failure.ts'

export type ScanRunnerParts = {
  engine: Engine
  clock: Clock
  config?: ScanConfig
  /** Where what is known of unchanged files is kept; without it every scan reads everything. */
  ledger?: {
    folder: string
    /** New with every start of the machine. */
    bootId: () => Promise<string>
    /** Of the operating system; what was known on another machine is worth nothing. */
    osIdentity: () => Promise<string>
  }
  /** Where files go in which a threat was found, where a scan is to move them. */
  quarantine?: QuarantineDesk
  /** From 0 to 1, not to be foreseen by who writes files; chooses what is read again all the same. */
  random?: () => number
}

/** Makes the function that scans this machine with an engine; one scan at a time. */
export function createScanRunner(parts: ScanRunnerParts): ScanRunner {
  return (request) => new Scan(parts, request).run()
}

/** Of the files that a scan did not come to, more than this many are left off its list: nobody waits for it. */
const LISTED_AT_MOST = 100_000

/** Of the bytes that are to be read, the share whose verdicts a kill may cost beside those of the files under way. */
const LOST_AT_MOST = 0.005

/** What an attempt keeps open while it works. */
type Desk = {
  session: EngineSession
  book: ScanBook
  list: WorkList
  judged: JudgedFiles
  ledger: Ledger | undefined
  steady: SteadyFiles
  pace: () => Promise<void>
}

class Scan {
  readonly #parts: ScanRunnerParts
  readonly #request: ScanRequest
  readonly #config: ScanConfig
  #book: ScanBook

  constructor(parts: ScanRunnerParts, request: ScanRequest) {
    this.#parts = parts
    this.#request = request
    this.#config = parts.config ?? {}
    this.#book = new ScanBook(request, parts.clock)
  }

  async run(): Promise<ScanOutcome> {
    const { signal } = this.#request
    const stop = new StopWatch(signal, this.#parts.clock)
    let session: EngineSession | undefined
    try {
      if (signal.aborted) return stop.outcome('neverStarted', null)
      const wrong = findWrongPath(this.#request)
      if (wrong !== undefined) return { kind: 'failed', reason: wrong, report: null }
      session = await this.#parts.engine.open({
        signal,
        onPhase: (phase) => this.#book.meter.enter(phase),
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
      this.#book.meter.enter('ended')
    }
  }

  async #scan(session: EngineSession, stop: StopWatch): Promise<ScanOutcome> {
    const { signal, onStarted } = this.#request
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
    const mounts = readMountTable()
    const nowMs = this.#parts.clock.now() / MICROSECONDS_PER_MS
    const fileSystems = fileSystemsByDevice(mounts)
    const steady = new SteadyFiles(fileSystems, nowMs)
    const ledger = await this.#openLedger(session, { fileSystems, nowMs })
    try {
      const pace = () => governor.pace()
      const outcome = await this.#attempt({ session, stop, mounts, ledger, steady, pace })
      if (outcome !== 'contradicted') return outcome
      // What was taken for unchanged in this attempt may not have been: the books are begun anew, and all is read.
      this.#book = new ScanBook(this.#request, this.#parts.clock)
      this.#book.contradicted()
      const again = await this.#attempt({ session, stop, mounts, ledger, steady, pace })
      if (again === 'contradicted') throw new Error('an empty ledger cannot be contradicted')
      return again
    } finally {
      ledger?.close()
    }
  }

  async #attempt(parts: {
    session: EngineSession
    stop: StopWatch
    mounts: MountTable
    ledger: Ledger | undefined
    steady: SteadyFiles
    pace: () => Promise<void>
  }): Promise<ScanOutcome | 'contradicted'> {
    const { session, stop, mounts, ledger, steady, pace } = parts
    const { signal, workDir } = this.#request
    const book = this.#book
    const judged = JudgedFiles.open(workDir, engineKeyOf(session))
    const list = new WorkList(workDir)
    const disposal = new Disposal(this.#request, this.#parts.quarantine)
    const desk: Desk = { session, book, list, judged, ledger, steady, pace }
    try {
      const done = await this.#walkAndJudge(desk, mounts, disposal)
      if (done === 'contradicted') return done
      const { failure: broken, unsettled } = done
      const failure = broken ?? (signal.aborted ? undefined : await failureOf(session.confirm?.()))
      // What was noted as clean in this scan may have been judged by another set than the one that it is noted for.
      if (isSetInDoubt(failure)) ledger?.throwAway()
      const report = () => book.report(session, { judged, cpuCeilingPercent: this.#ceilingPercent })
      if (failure instanceof LedgerContradicted && !signal.aborted) return 'contradicted'
      for (const detection of judged.threatsNotMetAgain())
        book.foundEarlier(disposal.settledEarlier(detection))
      if (signal.aborted) {
        book.meter.enter('stopping')
        const stopped = stop.outcome(await stop.proof(), null)
        book.rest('cancelled', list.rest(), LISTED_AT_MOST)
        return { ...stopped, report: report() }
      }
      if (failure === undefined) return { kind: 'finished', report: report() }
      const reason = reasonOf(failure)
      for (const { path, bytes } of unsettled) book.notRead('engineError', path, bytes, reason)
      book.rest('engineError', list.rest(), LISTED_AT_MOST)
      return { kind: 'failed', reason, report: report() }
    } finally {
      list.close()
      judged.close()
      book.list.close()
    }
  }

  /** Meets all files, and lets the engine judge those that it has to from the first one on. */
  async #walkAndJudge(
    desk: Desk,
    mounts: MountTable,
    disposal: Disposal,
  ): Promise<Awaited<ReturnType<typeof judgeAll>> | 'contradicted'> {
    const { book, list, judged, ledger } = desk
    const { signal, scanType } = this.#request
    book.meter.enter('walking')
    const judging = judgeAll({ ...desk, disposal, signal })
    try {
      await this.#walk(desk, mounts)
      if (scanType === 'Custom' && !signal.aborted) this.#requireSomething()
    } catch (error) {
      // What is under way needs all that is closed when this is over.
      list.abandon()
      await judging
      throw error
    }
    if (ledger?.isBroken && book.count.unchanged.files > 0) {
      list.abandon()
      await judging
      return 'contradicted'
    }
    if (!signal.aborted) book.meter.enter('scanning')
    judged.batchBytes = list.bytes * LOST_AT_MOST
    list.complete()
    return judging
  }

  async #walk({ session, book, list, judged, ledger, pace }: Desk, mounts: MountTable): Promise<void> {
    const { signal, settings } = this.#request
    let tier: Tier = 'first'
    const visitor = meetFiles({
      book,
      list,
      judged,
      known:
        ledger === undefined || settings.rescan
          ? undefined
          : {
              ledger,
              verification: new Verification(this.#parts.random ?? unforeseeable, (bytes) =>
                costMs({ files: 1, bytes }),
              ),
            },
      maxFileSizeBytes: session.info.limits.maxFileSizeBytes,
      tier: () => tier,
    })
    const walker = new Walker({ mounts, exclude: this.#exclusions(session), visitor, signal, pace })
    const nowMs = this.#parts.clock.now() / MICROSECONDS_PER_MS
    const cut = (place: Buffer, limit: string) => book.cut(place, limit)
    const plan = await planPlaces({ request: this.#request, config: this.#config, mounts, nowMs, cut })
    const firstFolders = meetByName(walker, plan.first)
    tier = 'rest'
    const restFolders = meetByName(walker, plan.rest)
    tier = 'first'
    await this.#walkFolders(walker, firstFolders, plan.cap)
    tier = 'rest'
    await this.#walkFolders(walker, restFolders, undefined)
  }

  async #walkFolders(walker: Walker, places: QuickPlace[], cap: PlaceCap | undefined): Promise<void> {
    for (const { path } of places) {
      if (!(await walker.walkFolder(path, cap)) && cap) {
        this.#book.cut(path, `newest ${cap.files} files or ${cap.bytes} bytes`)
      }
    }
  }

  /** What is met and never opened, by its real path. */
  #exclusions(session: EngineSession): string[] {
    const { settings, workDir } = this.#request
    const own = [...session.ownFolders, workDir, ...(this.#parts.ledger ? [this.#parts.ledger.folder] : [])]
    const sources = { policy: settings.exclusions, machine: this.#config.exclude ?? [], agent: own } as const
    const paths = Object.entries(sources).flatMap(([source, excluded]) =>
      excluded.map((path) => ({
        path: realExclusion(path),
        source: source as keyof typeof sources,
      })),
    )
    for (const { path, source } of paths) this.#book.exclude(path, source)
    return paths.map(({ path }) => path)
  }

  /** @throws EngineError when there is nothing at all of what was asked for */
  #requireSomething(): void {
    if (this.#book.hasMet) return
    const { vanished, mounts } = this.#book.leftOut
    if (vanished > 0)
      throw new NothingToScan(
        vanished === 1 ? 'the path is not there' : `all ${vanished} paths are not there`,
      )
    throw new NothingToScan(
      mounts > 0
        ? 'the paths lie on file systems that are not of this machine'
        : 'the policy of this machine allows none of the paths',
    )
  }

  async #openLedger(
    session: EngineSession,
    known: Pick<LedgerOptions, 'fileSystems' | 'nowMs'>,
  ): Promise<Ledger | undefined> {
    const { ledger } = this.#parts
    if (ledger === undefined || session.isForeign) return undefined
    return Ledger.open({
      folder: ledger.folder,
      engineKey: engineKeyOf(session),
      machineKey: await ledger.osIdentity(),
      bootId: await ledger.bootId(),
      ...known,
    })
  }

  get #ceilingPercent(): number {
    const { cpuCeilingPercent } = this.#request.settings
    return Math.min(cpuCeilingPercent, this.#config.cpuCeilingPercent ?? 100)
  }
}

/** A scan of named paths that found none of them. */
class NothingToScan extends Error {
  constructor(why: string) {
    super(`Nothing was scanned: ${why}.`)
  }
}

/** Files are met at once; what is left is folders. */
function meetByName(walker: Walker, places: QuickPlace[]): QuickPlace[] {
  return places.filter(({ path, openPath }) => {
    if (!openPath) return !walker.meetFile(path)
    walker.meetThrough(path, openPath)
    return false
  })
}

async function failureOf(work: Promise<void> | undefined): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    return error
  }
}

function isSetInDoubt(failure: unknown): boolean {
  return failure instanceof EngineError && failure.code === 'signaturesChanged'
}

/** Of everything that a verdict depends on, our own configuration of the engine included. */
function engineKeyOf({ info }: EngineSession): string {
  const { name, version, signatures, limits } = info
  const { maxFileSizeBytes, maxScanSizeBytes } = limits
  const parts = [AGENT_VERSION, name, version, signatures.identity, maxFileSizeBytes, maxScanSizeBytes]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function unforeseeable(): number {
  return randomInt(2 ** 32) / 2 ** 32
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function reasonOf(error: unknown): string {
  if (error instanceof EngineError || error instanceof NothingToScan) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return isWriteFailure(error)
    ? `The scan failed because its working files cannot be written: ${message}. Make room on the disk of the agent, and scan again.`
    : `The scan failed: ${message}`
}
