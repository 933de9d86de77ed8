import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type {
  AgentEvent,
  Clock,
  ScanOrder,
  ScanProgress,
  ScanType,
  StopOrder,
  StopProof,
} from '@fleetsweep/protocol'
import type { Journal, WaitingScan } from '../journal/journal.ts'
import { makePrivateFolder } from '../os/durable-file.ts'
import type { Logger } from '../os/logger.ts'
import type { ScanOutcome, ScanRunner } from '../scan/scan.ts'
import { waitingProgress } from './waiting-progress.ts'

/** Attempts that the agent may not live to close before it gives a scan up: something in it kills the agent. */
export const MAX_CRASHES = 5

export type ActionQueueParts = {
  journal: Journal
  runScan: ScanRunner
  /** Ends what an agent that was killed left running of the engine, and waits for the proof. */
  endLeftovers: () => Promise<StopProof>
  /** Each scan has a folder of its own in here. */
  workRoot: string
  clock: Clock
  logger: Logger
  /** The journal holds something new to tell. */
  onEvent: () => void
  onProgress: (actionId: string, progress: ScanProgress) => void
  onScanEnded: (actionId: string) => void
  /** The journal cannot be written: the agent must not go on. */
  onBroken: (error: unknown) => void
}

/** The scan that runs right now. */
export type RunningScan = { actionId: string; scanType: ScanType; progress: ScanProgress }

type Running = RunningScan & {
  abort: AbortController
  /** By the monotonic clock; set by the first stop order. */
  stopReadAtMs: number | undefined
  /** Settles when the engine has ended and the journal says how. */
  ended: Promise<void>
}

/**
 * Carries out what was ordered: one scan at a time, the next one only after the engine of the last has proved that it
 * works no more. What happens is in the journal before anybody hears of it.
 */
export class ActionQueue {
  readonly #parts: ActionQueueParts
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

  /** Scans that wait for their turn. */
  waiting(): WaitingScan[] {
    return this.#parts.journal.waiting().filter((scan) => scan.actionId !== this.#running?.actionId)
  }

  /** Closes what a killed agent left behind, then goes on with what waits. */
  async start(): Promise<void> {
    const { journal, endLeftovers } = this.#parts
    journal.recover(await endLeftovers())
    this.#removeOldWork()
    if (this.#state === 'closed') return
    this.#state = 'open'
    this.#runNext()
  }

  /** Takes a scan order, checked already. A known action does not run again; what it has to tell is told again. */
  orderScan(order: ScanOrder, orderText: string): void {
    const { journal, logger, onEvent } = this.#parts
    const { actionId, scanType, requestor, comment } = order
    const acceptance = journal.acceptScan(order, orderText)
    logger.info({ actionId, scanType, requestor, comment, acceptance }, 'scan ordered')
    onEvent()
    if (acceptance !== 'accepted') return
    this.#parts.onProgress(actionId, waitingProgress(1))
    this.#runNext()
  }

  /** Takes a stop order, checked already. */
  orderStop({ actionId }: StopOrder): void {
    const { journal, logger, clock, onEvent } = this.#parts
    const readAtMs = clock.monotonicMs()
    const acceptance = journal.acceptStop(actionId)
    logger.info({ actionId, acceptance }, 'stop ordered')
    if (acceptance === 'answered') onEvent()
    else if (this.#running?.actionId === actionId) {
      this.#running.stopReadAtMs ??= readAtMs
      this.#running.abort.abort()
    }
  }

  /** Gives up an action that the server does not know. */
  forget(actionId: string): void {
    this.#parts.logger.warn({ actionId }, 'the server does not know this action; it is dropped')
    this.#parts.journal.forget(actionId)
    if (this.#running?.actionId === actionId) this.#running.abort.abort()
  }

  /** Ends the running scan, which waits for the next start, and takes no more. */
  async close(): Promise<void> {
    this.#state = 'closed'
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
      progress: waitingProgress(scan.attempts + 1),
      abort: new AbortController(),
      stopReadAtMs: undefined,
      ended: Promise.resolve(),
    }
    this.#running = running
    running.ended = this.#run(scan, running)
      .then(() => {
        this.#running = undefined
        this.#parts.onEvent()
        this.#parts.onScanEnded(scan.actionId)
        this.#runNext()
      })
      .catch(this.#parts.onBroken)
  }

  #takeNext(): WaitingScan | undefined {
    const { journal, logger, onEvent } = this.#parts
    for (const scan of journal.waiting()) {
      if (scan.crashes < MAX_CRASHES) return scan
      logger.error({ actionId: scan.actionId, crashes: scan.crashes }, 'scan given up')
      const reason = `The agent ended unexpectedly in ${scan.crashes} attempts at this scan, so it was given up.`
      journal.end(scan.actionId, { kind: 'failed', reason, report: null })
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
    const outcome = await this.#scan(scan, attempt, workDir, running)
    logger.info({ actionId, attempt, outcome: outcome.kind }, 'scan ended')
    if (outcome.kind === 'stopped' && running.stopReadAtMs === undefined && this.#state === 'closed') {
      journal.interrupt(actionId, outcome.proof)
      return
    }
    this.#end(actionId, this.#endingOf(outcome, running))
    rmSync(workDir, { recursive: true, force: true })
  }

  async #scan(scan: WaitingScan, attempt: number, workDir: string, running: Running): Promise<ScanOutcome> {
    const { journal, runScan, logger, onEvent, onProgress } = this.#parts
    const { actionId, scanType, paths, settings } = scan
    // What cannot be told must not look as if it had not been: the scan then fails, and says why.
    let untellable: string | undefined
    const tell = (event: AgentEvent) => {
      try {
        journal.append(actionId, event)
        onEvent()
      } catch (error) {
        logger.error({ actionId, event: event.kind, error: String(error) }, 'an event cannot be told')
        untellable ??= String(error)
      }
    }
    try {
      const outcome = await runScan({
        actionId,
        scanType,
        paths,
        settings,
        attempt,
        workDir,
        signal: running.abort.signal,
        onStarted: (engine) => tell({ kind: 'started', attempt, engine }),
        onDetection: (detection) => tell({ kind: 'detection', attempt, detection }),
        onProgress: (progress) => {
          running.progress = progress
          onProgress(actionId, progress)
        },
      })
      return untellable === undefined || outcome.kind === 'stopped'
        ? outcome
        : {
            kind: 'failed',
            reason: `Something that was found could not be told: ${untellable}`.slice(0, 1_000),
            report: outcome.report,
          }
    } catch (error) {
      logger.error(
        { actionId, error: error instanceof Error ? error.stack : String(error) },
        'the scan broke off',
      )
      return {
        kind: 'failed',
        reason: 'The scan broke off by an error of the agent; its log has the details.',
        report: null,
      }
    }
  }

  #end(actionId: string, event: AgentEvent): void {
    const { journal, logger } = this.#parts
    try {
      journal.end(actionId, event)
    } catch (error) {
      logger.error({ actionId, error: String(error) }, 'the report cannot be told')
      const reason = `The report could not be told: ${String(error)}`.slice(0, 1_000)
      journal.end(actionId, { kind: 'failed', reason, report: null })
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
