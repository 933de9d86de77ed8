import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Clock,
  type EngineInfo,
  MICROSECONDS_PER_MS,
  type ScanReport,
  type StopProof,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import type {
  DefenderEngine,
  DefenderMark,
  DefenderPast,
  DefenderScan,
  DefenderTarget,
} from '../engines/index.ts'
import { EngineError } from '../engines/index.ts'
import { delay } from '../kit/delay.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import { writeDurably } from '../os/durable-file.ts'
import { parseJson } from '../os/parse-json.ts'
import { describeDefenderThreat } from './defender-detection.ts'
import { findDefenderRefusal } from './defender-refusal.ts'
import type { ScanOutcome, ScanRequest, ScanRunner } from './scan.ts'
import type { ScanConfig } from './scan-config.ts'
import { StopWatch } from './stop-watch.ts'

export type DefenderRunnerParts = {
  engine: DefenderEngine
  /** Where it is kept that Defender scans for us. */
  mark: DefenderMark
  clock: Clock
  config?: ScanConfig
  /** A scan that lasts longer is stopped, and has failed. Default: 7 days, as Defender's own for full scans. */
  maxScanMs?: number
}

const past = new LazySchema(Type.Object({ atMs: Type.Integer(), known: Type.Array(Type.String()) }))

const DAY_MS = 86_400_000
/** How long Defender has for each of its answers to a stop. */
const STOP_STEP_MS = 10_000
const STOP_STEPS = 30

/**
 * Makes the function that scans this machine with Microsoft Defender, which walks by itself; one scan at a time.
 *
 * Its reports hold no counts of files. What Defender found is asked of Defender, never taken from an exit code.
 */
export function createDefenderRunner(parts: DefenderRunnerParts): ScanRunner {
  return (request) => new DefenderRun(parts, request).run()
}

class DefenderRun {
  readonly #parts: DefenderRunnerParts
  readonly #request: ScanRequest
  readonly #beganMs: number
  #detections = 0

  constructor(parts: DefenderRunnerParts, request: ScanRequest) {
    this.#parts = parts
    this.#request = request
    this.#beganMs = parts.clock.monotonicMs()
  }

  async run(): Promise<ScanOutcome> {
    const { clock, engine, config = {} } = this.#parts
    const { signal } = this.#request
    const stop = new StopWatch(signal, clock)
    try {
      if (signal.aborted) return stop.outcome('neverStarted', null)
      const refusal = findDefenderRefusal(this.#request, config)
      if (refusal !== undefined) return { kind: 'failed', reason: refusal, report: null }
      this.#tellPhase('loadingEngine')
      const info = await engine.prepare()
      const past = await this.#past()
      if (signal.aborted) return stop.outcome('neverStarted', null)
      if (past === undefined) return { kind: 'failed', reason: UNKNOWN_BEFORE, report: null }
      this.#request.onStarted(info)
      this.#tellPhase('scanning')
      return await this.#scan(info, past, stop)
    } catch (error) {
      const reason = error instanceof EngineError ? error.message : `The scan failed: ${String(error)}`
      return { kind: 'failed', reason, report: null }
    } finally {
      stop.disarm()
      this.#tellPhase('ended')
    }
  }

  async #scan(info: EngineInfo, past: DefenderPast, stop: StopWatch): Promise<ScanOutcome> {
    const { engine, clock, maxScanMs = 7 * DAY_MS } = this.#parts
    const { signal } = this.#request
    const deadline = new AbortController()
    const timer = clock.setTimer(maxScanMs, () => deadline.abort())
    const end = await this.#runTargets(AbortSignal.any([signal, deadline.signal]))
    timer.cancel()
    const found = await engine.detectionsSince(past)
    for (const threat of found ?? []) this.#request.onDetection(describeDefenderThreat(threat))
    this.#detections = found?.length ?? 0
    // Without its list of detections, a report would say that there were none.
    const report = found === undefined ? null : this.#report(info)
    if (end.kind === 'unproven') return { kind: 'failed', reason: UNPROVEN, report }
    if (signal.aborted) return stop.outcome(end.kind === 'stopped' ? end.proof : 'queueEmpty', report)
    if (end.kind === 'stopped') {
      const reason = `The scan was stopped: it had lasted ${Math.round(maxScanMs / 60_000)} minutes.`
      return { kind: 'failed', reason, report }
    }
    if (found === undefined || report === null) return { kind: 'failed', reason: UNKNOWN, report }
    if (end.kind === 'failed' || (end.kind === 'unclear' && found.length === 0)) {
      return { kind: 'failed', reason: end.reason, report }
    }
    if (end.kind === 'done' && end.threats > found.length) {
      const reason = `Microsoft Defender says that it detected ${end.threats} threats, and its list names ${found.length} that are new.`
      return { kind: 'failed', reason, report }
    }
    return { kind: 'finished', report }
  }

  /** One after the other; the first that does not end well ends them all. */
  async #runTargets(signal: AbortSignal): Promise<TargetsEnd> {
    let unclear: TargetsEnd | undefined
    let threats = 0
    for (const target of this.#targets()) {
      const end = await this.#runTarget(target, signal)
      if (end.kind === 'unclear') unclear = end
      else if (end.kind === 'done') threats += end.threats
      else return end
    }
    return unclear ?? { kind: 'done', threats }
  }

  async #runTarget(target: DefenderTarget, signal: AbortSignal): Promise<TargetsEnd> {
    if (signal.aborted) return { kind: 'stopped', proof: 'queueEmpty' }
    const { engine, mark } = this.#parts
    // Before the scan begins: an agent that is killed in between asks Defender once too often, never too seldom.
    mark.set(undefined)
    const scan = engine.startScan(target)
    mark.set(scan.pid)
    const stopped = Promise.withResolvers<TargetsEnd>()
    const onAbort = () => void this.#stop(scan).then(stopped.resolve)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const end = await Promise.race([scan.ended, stopped.promise])
    signal.removeEventListener('abort', onAbort)
    const last = signal.aborted ? await stopped.promise : end
    if (last.kind !== 'unproven') mark.clear()
    return last.kind === 'done' ? { threats: 0, ...last } : last
  }

  /** Defender has stopped when the program that waits for its scan has ended by itself. */
  async #stop(scan: DefenderScan): Promise<TargetsEnd> {
    const { engine, clock } = this.#parts
    this.#tellPhase('stopping')
    for (let step = 0; step < STOP_STEPS; step++) {
      await engine.cancelScan()
      const enough = new AbortController()
      const ended = scan.ended.then(() => true)
      const late = delay(clock, STOP_STEP_MS, enough.signal).then(() => false)
      const hasEnded = await Promise.race([ended, late])
      enough.abort()
      if (hasEnded) return { kind: 'stopped', proof: 'queueEmpty' }
    }
    scan.abandon()
    return { kind: 'unproven' }
  }

  #targets(): DefenderTarget[] {
    const { scanType, paths } = this.#request
    if (scanType === 'Custom') return paths.map((path) => ({ kind: 'path', path }))
    return [{ kind: scanType }]
  }

  /** As it was before the first attempt: what that found counts, whoever lived to hear of it. */
  async #past(): Promise<DefenderPast | undefined> {
    const path = join(this.#request.workDir, 'defender-past')
    const known = existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : undefined
    if (past.Check(known)) return known
    const { engine, clock } = this.#parts
    const now = await engine.rememberPast(Math.floor(clock.now() / MICROSECONDS_PER_MS))
    if (now !== undefined) writeDurably(path, JSON.stringify(now))
    return now
  }

  #report(engine: EngineInfo): ScanReport {
    const { scanType, attempt } = this.#request
    return {
      scanType,
      attempts: attempt,
      durationMs: Math.round(this.#parts.clock.monotonicMs() - this.#beganMs),
      engine,
      coverage: null,
      notScannedSamples: [],
      detections: this.#detections,
      symlinksNotFollowed: 0,
      directories: 0,
      directoriesUnreadable: [],
      directoriesUnreadableCount: 0,
      mountsSkipped: [],
      cuts: [],
    }
  }

  #tellPhase(phase: 'loadingEngine' | 'scanning' | 'stopping' | 'ended'): void {
    this.#request.onProgress({
      phase,
      attempt: this.#request.attempt,
      filesTotal: 0,
      filesDone: 0,
      bytesTotal: 0,
      bytesDone: 0,
      percent: phase === 'ended' ? 100 : 0,
      detections: this.#detections,
      etaMs: null,
      ...(phase === 'scanning' && { because: 'Microsoft Defender does not tell how far it is.' }),
    })
  }
}

type TargetsEnd =
  | { kind: 'done'; threats: number }
  | { kind: 'unclear' | 'failed'; reason: string }
  | { kind: 'stopped'; proof: StopProof }
  | { kind: 'unproven' }

const UNPROVEN = 'Microsoft Defender was told to stop and did not say that it has; it may go on scanning.'
const UNKNOWN =
  'Microsoft Defender has scanned, and does not tell what it found: its list of detections cannot be read.'
const UNKNOWN_BEFORE =
  'Nothing was scanned: Microsoft Defender does not tell what it has found so far, so nobody could tell what is new.'
