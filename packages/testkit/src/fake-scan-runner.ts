import type { ScanOutcome, ScanRequest, ScanRunner } from '@fleetsweep/agent'
import type { Detection, ScanProgress } from '@fleetsweep/protocol'
import { sampleEngine, sampleReport } from './sample-report.ts'

export type FakeScanOptions = {
  /** What each scan finds. */
  detections?: Detection[]
  /** True: each scan goes on until `release`, or until it is stopped. */
  holds?: boolean
  /** True: a stop is not proven before `releaseStop`. */
  holdsStop?: boolean
  /** How a scan that nobody stops ends; `finished` with the counts of its detections when absent. */
  ends?: (request: ScanRequest) => ScanOutcome
}

/** One run of the fake scan. */
export type FakeRun = {
  actionId: string
  scanType: string
  attempt: number
  workDir: string
  state: 'running' | 'ended'
}

/** Scans nothing, but behaves as a scan does: one that is not stopped ends, one that is stopped proves it. */
export class FakeScanRunner {
  readonly options: FakeScanOptions
  /** Every run so far, the first first. */
  readonly runs: FakeRun[] = []
  /** Most runs that ever went on at a time. */
  mostAtOnce = 0
  readonly #held = new Set<() => void>()
  readonly #heldStops = new Set<() => void>()

  constructor(options: FakeScanOptions = {}) {
    this.options = options
  }

  /** Lets every scan that goes on end by itself. */
  release(): void {
    for (const resume of this.#held) resume()
  }

  /** Proves every stop that is awaited. */
  releaseStop(): void {
    for (const resume of this.#heldStops) resume()
  }

  /** The scan, to be given to the agent. */
  readonly runScan: ScanRunner = async (request) => {
    const { actionId, scanType, attempt, workDir } = request
    const run: FakeRun = { actionId, scanType, attempt, workDir, state: 'running' }
    this.runs.push(run)
    this.mostAtOnce = Math.max(this.mostAtOnce, this.runs.filter((each) => each.state === 'running').length)
    try {
      return await this.#scan(request)
    } finally {
      run.state = 'ended'
    }
  }

  async #scan(request: ScanRequest): Promise<ScanOutcome> {
    const detections = this.options.detections ?? []
    await turn()
    request.onProgress(progress(request.attempt, 'loadingEngine', 0, 0))
    request.onStarted(sampleEngine)
    for (const detection of detections) {
      await turn()
      if (request.signal.aborted) break
      request.onDetection(detection)
    }
    request.onProgress(progress(request.attempt, 'scanning', 50, detections.length))
    if (this.options.holds) await this.#holdUntil(this.#held, request.signal)
    if (request.signal.aborted) {
      if (this.options.holdsStop) await this.#holdUntil(this.#heldStops)
      return { kind: 'stopped', proof: 'queueEmpty', stoppedWithinMs: 0, report: null }
    }
    const { scanType, attempt } = request
    return (
      this.options.ends?.(request) ?? {
        kind: 'finished',
        report: sampleReport({ scanType, attempts: attempt, detections: detections.length }),
      }
    )
  }

  #holdUntil(held: Set<() => void>, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        held.delete(resume)
        resolve()
      }
      held.add(resume)
      if (signal?.aborted) resume()
      signal?.addEventListener('abort', resume, { once: true })
    })
  }
}

function progress(
  attempt: number,
  phase: ScanProgress['phase'],
  percent: number,
  found: number,
): ScanProgress {
  return {
    phase,
    attempt,
    filesTotal: 10,
    filesDone: percent / 10,
    bytesTotal: 10_240,
    bytesDone: percent * 100,
    percent,
    detections: found,
    etaMs: null,
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
