import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AgentEvent,
  type Clock,
  MICROSECONDS_PER_MS,
  type ScanOrder,
  type ScanProgress,
  type ScanType,
  type ScanWindow,
  type StopOrder,
  type StopProof,
  type Timer,
} from '@fleetsweep/protocol'
import type { AttachmentSpool } from '../attachments/index.ts'
import { stopped } from '../journal/action-rows.ts'
import { type Journal, MAX_LOCAL_SCANS, type WaitingScan } from '../journal/journal.ts'
import { isLocalActionId, type LocalScan } from '../journal/local-scan.ts'
import { makePrivateFolder } from '../os/durable-file.ts'
import type { Logger } from '../os/logger.ts'
import { NOT_SCANNED_FILE } from '../scan/not-scanned-list.ts'
import type { ScanOutcome, ScanRunner } from '../scan/scan.ts'
import { runAttempt } from './scan-attempt.ts'
import { closedSentence, turnOf, WAITS_FOR_ANOTHER } from './scan-turn.ts'
import { waitingProgress } from './waiting-progress.ts'

/** How often is looked whether a window has opened or closed: the clock on the wall may be set at any time. */
const WINDOWS_EVERY_MS = 20_000

/** Attempts that the agent may not live to close before it gives a scan up: something in it kills the agent. */
export const MAX_CRASHES = 5

export type ActionQueueParts = {
  journal: Journal
  runScan: ScanRunner
  /** Ends what an agent that was killed left running of the engine, and waits for the proof. */
  endLeftovers: () => Promise<StopProof>
  /** Each scan has a folder of its own in here. */
  workRoot: string
  /** Keeps the list of what a scan left out until the server has it. */
  spool: Pick<AttachmentSpool, 'keep'>
  /** When the machine's owner lets scans work; empty for always. */
  policyWindows: readonly ScanWindow[]
  clock: Clock
  logger: Logger
  /** The journal holds something new to tell. */
  onEvent: () => void
  onProgress: (actionId: string, progress: ScanProgress) => void
  /** Of a scan that somebody on this machine asked for: what is found, and how it ended. */
  onLocalEvent: (actionId: string, event: AgentEvent) => void
  onScanEnded: (actionId: string) => void
  /** The journal cannot be written: the agent must not go on. */
  onBroken: (error: unknown) => void
}

/** The scan that runs right now. */
export type RunningScan = { actionId: string; scanType: ScanType; progress: ScanProgress }

type Running = RunningScan & {
  settings: WaitingScan['settings']
  abort: AbortController
  /** By the monotonic clock; set by the first stop order. */
  stopReadAtMs: number | undefined
  /** Its window has closed: it goes on when the next one opens. */
  isPausing: boolean
  /** Settles when the engine has ended and the journal says how. */
  ended: Promise<void>
}

/**
 * Carries out what was ordered: one scan at a time, the next one only after the engine of the last has proved that it
 * works no more. What happens is in the journal before anybody hears of it.
 */
export class ActionQueue {
  readonly #parts: ActionQueueParts
  /** How far the scans were that are paused. */
  readonly #paused = new Map<string, ScanProgress>()
  #windowTimer: Timer | undefined
  #running: Running | undefined
  #state: 'new' | 'open' | 'closed' = 'new'

  constructor(parts: ActionQueueParts) {
    this.#parts = parts
  }

  /** The scan that runs right now; `undefined` while none does. */
  get running(): RunningScan | undefined {
    if (this.#running === undefined) return undefined
    const { actionId, scanType, progress } = this.#running
    return { actionId, scanType, progress }
  }

  /** Scans that wait for their turn or their window, with what there is to tell of them. */
  waiting(): { actionId: string; progress: ScanProgress }[] {
    return this.#parts.journal
      .waiting()
      .filter(({ actionId }) => actionId !== this.#running?.actionId)
      .map((scan) => ({ actionId: scan.actionId, progress: this.#waitingProgress(scan) }))
  }

  /** What the server is to hear of scans that wait or run, again and again: that, too, is a sign of life. */
  progressToTell(): { actionId: string; progress: ScanProgress }[] {
    const all = this.#running === undefined ? this.waiting() : [...this.waiting(), this.#running]
    return all
      .filter(({ actionId }) => !isLocalActionId(actionId))
      .map(({ actionId, progress }) => ({ actionId, progress }))
  }

  /** Closes what a killed agent left behind, then goes on with what waits. */
  async start(): Promise<void> {
    const { journal, endLeftovers } = this.#parts
    journal.recover(await endLeftovers())
    this.#removeOldWork()
    if (this.#state === 'closed') return
    this.#state = 'open'
    this.#runNext()
    this.#watchWindows()
  }

  /** Takes a scan order, checked already. A known action does not run again; what it has to tell is told again. */
  orderScan(order: ScanOrder, orderText: string): void {
    const { journal, logger, onEvent } = this.#parts
    const { actionId, scanType, requestor, comment } = order
    const acceptance = journal.acceptScan(order, orderText)
    logger.info({ actionId, scanType, requestor, comment, acceptance }, 'scan ordered')
    onEvent()
    if (acceptance !== 'accepted') return
    this.#runNext()
    this.#tellWaiting(actionId)
  }

  /** Takes a scan that somebody on this machine asks for. @returns why not, as a sentence, where it does not */
  scanHere(scan: LocalScan): string | undefined {
    if (this.#state !== 'open') return 'The agent is about to end or has just begun. Ask again in a moment.'
    const { journal, logger, onEvent } = this.#parts
    const { actionId, scanType, requestor } = scan
    const acceptance = journal.acceptLocalScan(scan)
    logger.info({ actionId, scanType, requestor, acceptance }, 'local scan asked for')
    if (acceptance !== 'accepted')
      return `${MAX_LOCAL_SCANS} scans of this machine's own people wait already. Ask again when one has ended.`
    onEvent()
    this.#runNext()
    this.#tellWaiting(actionId)
    return undefined
  }

  /** Takes a stop order, checked already, or one of somebody on this machine. */
  orderStop({ actionId, requestor }: Pick<StopOrder, 'actionId'> & { requestor?: string }): void {
    const { journal, logger, clock, onEvent } = this.#parts
    const readAtMs = clock.monotonicMs()
    const acceptance = journal.acceptStop(actionId, requestor)
    this.#paused.delete(actionId)
    logger.info({ actionId, requestor, acceptance }, 'stop ordered')
    if (acceptance === 'answered') {
      this.#tellLocal(actionId, stopped('neverStarted', 0))
      onEvent()
    } else if (this.#running?.actionId === actionId) {
      this.#running.stopReadAtMs ??= readAtMs
      this.#running.abort.abort()
    }
  }

  /** Gives up an action that the server does not know. */
  forget(actionId: string): void {
    this.#parts.logger.warn({ actionId }, 'the server does not know this action; it is dropped')
    this.#parts.journal.forget(actionId)
    this.#paused.delete(actionId)
    if (this.#running?.actionId === actionId) this.#running.abort.abort()
  }

  /** Ends the running scan, which waits for the next start, and takes no more. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#windowTimer?.cancel()
    this.#running?.abort.abort()
    await this.#running?.ended
  }

  #runNext(): void {
    if (this.#state !== 'open' || this.#running !== undefined) return
    const scan = this.#takeNext()
    if (scan === undefined) return
    const running: Running = {
      actionId: scan.actionId,
      scanType: scan.scanType,
      settings: scan.settings,
      progress: waitingProgress(scan.attempts + 1, 'It is about to begin.', this.#paused.get(scan.actionId)),
      abort: new AbortController(),
      stopReadAtMs: undefined,
      isPausing: false,
      ended: Promise.resolve(),
    }
    this.#running = running
    running.ended = this.#run(scan, running)
      .then(() => {
        this.#running = undefined
        this.#parts.onEvent()
        this.#parts.onScanEnded(scan.actionId)
        this.#runNext()
        this.#tellWaiting(scan.actionId)
      })
      .catch(this.#parts.onBroken)
  }

  #tellLocal(actionId: string, event: AgentEvent): void {
    if (isLocalActionId(actionId)) this.#parts.onLocalEvent(actionId, event)
  }

  #tellWaiting(actionId: string): void {
    if (this.#state !== 'open') return
    const waiting = this.waiting().find((scan) => scan.actionId === actionId)
    if (waiting) this.#parts.onProgress(actionId, waiting.progress)
  }

  #turnOf(scan: Pick<WaitingScan, 'settings'>) {
    const { clock, policyWindows } = this.#parts
    return turnOf(scan, policyWindows, clock.now() / MICROSECONDS_PER_MS)
  }

  #waitingProgress(scan: WaitingScan): ScanProgress {
    const turn = this.#turnOf(scan)
    const because = turn.isOpen ? WAITS_FOR_ANOTHER : closedSentence(turn)
    return waitingProgress(scan.attempts + 1, because, this.#paused.get(scan.actionId))
  }

  /** Pauses the running scan when its window has closed, and begins one whose window has opened. */
  #watchWindows(): void {
    if (this.#state !== 'open') return
    const running = this.#running
    if (running && !running.isPausing && !this.#turnOf(running).isOpen) {
      this.#parts.logger.info({ actionId: running.actionId }, 'the window of the scan has closed; it pauses')
      running.isPausing = true
      running.abort.abort()
    }
    this.#runNext()
    this.#windowTimer = this.#parts.clock.setTimer(WINDOWS_EVERY_MS, () => this.#watchWindows())
  }

  #takeNext(): WaitingScan | undefined {
    const { journal, logger, onEvent } = this.#parts
    for (const scan of journal.waiting()) {
      if (scan.crashes < MAX_CRASHES) {
        if (this.#turnOf(scan).isOpen) return scan
        continue
      }
      logger.error({ actionId: scan.actionId, crashes: scan.crashes }, 'scan given up')
      const reason = `The agent ended unexpectedly in ${scan.crashes} attempts at this scan, so it was given up.`
      this.#end(scan.actionId, { kind: 'failed', reason, report: null })
      onEvent()
    }
    return undefined
  }

  async #run(scan: WaitingScan, running: Running): Promise<void> {
    const { journal, logger } = this.#parts
    const { actionId } = scan
    const attempt = journal.beginAttempt(actionId)
    const workDir = join(this.#parts.workRoot, actionId)
    makePrivateFolder(workDir)
    logger.info({ actionId, attempt }, 'scan begins')
    const outcome = await runAttempt(this.#parts, {
      scan,
      attempt,
      workDir,
      signal: running.abort.signal,
      onTold: (event) => this.#tellLocal(actionId, event),
      onProgress: (progress) => {
        running.progress = progress
        this.#parts.onProgress(actionId, progress)
      },
    })
    logger.info({ actionId, attempt, outcome: outcome.kind }, 'scan ended')
    const isInterrupted = running.isPausing || this.#state === 'closed'
    if (outcome.kind === 'stopped' && running.stopReadAtMs === undefined && isInterrupted) {
      journal.interrupt(actionId, outcome.proof)
      this.#paused.set(actionId, running.progress)
      return
    }
    this.#paused.delete(actionId)
    const list = outcome.report?.notScannedList
    // Before the report is in the journal: a kill in between leaves a list that nobody asks for, not a report without one.
    if (list && !isLocalActionId(actionId))
      this.#parts.spool.keep(actionId, list.sha256, join(workDir, NOT_SCANNED_FILE))
    this.#end(actionId, this.#endingOf(outcome, running))
    rmSync(workDir, { recursive: true, force: true })
  }

  #end(actionId: string, event: AgentEvent): void {
    const { journal, logger } = this.#parts
    try {
      journal.end(actionId, event)
      this.#tellLocal(actionId, event)
    } catch (error) {
      logger.error({ actionId, error: String(error) }, 'the report cannot be told')
      const reason = `The report could not be told: ${String(error)}`.slice(0, 1_000)
      const failed: AgentEvent = { kind: 'failed', reason, report: null }
      journal.end(actionId, failed)
      this.#tellLocal(actionId, failed)
    }
  }

  #endingOf(outcome: ScanOutcome, { stopReadAtMs }: Running): AgentEvent {
    if (outcome.kind !== 'stopped') return outcome
    if (stopReadAtMs === undefined) {
      return { kind: 'failed', reason: 'The scan stopped without a stop order.', report: outcome.report }
    }
    const stoppedWithinMs = Math.max(0, Math.round(this.#parts.clock.monotonicMs() - stopReadAtMs))
    return { ...outcome, stoppedWithinMs }
  }

  #removeOldWork(): void {
    const { workRoot, journal } = this.#parts
    makePrivateFolder(workRoot)
    const waiting = new Set(journal.waiting().map((scan) => scan.actionId))
    for (const name of readdirSync(workRoot)) {
      if (!waiting.has(name)) rmSync(join(workRoot, name), { recursive: true, force: true })
    }
  }
}
