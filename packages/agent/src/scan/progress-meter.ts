import type { Clock, ScanPhase, ScanProgress } from '@fleetsweep/protocol'
import type { CoverageCount } from './coverage-count.ts'

/** What a file costs the engine whatever its size, and what its bytes cost; measured with ClamAV on two cores. */
const MS_A_FILE = 2
const BYTES_A_MS = 20_000
const EVERY_MS = 250
/** Before this much was done, the rest cannot be told from it. */
const ETA_AFTER_MS = 1_000

/** Turns counts into progress that never goes back, told at most four times a second. */
export class ProgressMeter {
  readonly #clock: Clock
  readonly #attempt: number
  readonly #count: CoverageCount
  readonly #tell: (progress: ScanProgress) => void
  #phase: ScanPhase = 'waiting'
  #detections = 0
  #percent = 0
  #lastToldMs = Number.NEGATIVE_INFINITY
  /** Totals are exact. */
  #hasTotals = false
  #startedMs = 0
  #doneAtStart = 0

  constructor(options: {
    clock: Clock
    attempt: number
    count: CoverageCount
    tell: (progress: ScanProgress) => void
  }) {
    this.#clock = options.clock
    this.#attempt = options.attempt
    this.#count = options.count
    this.#tell = options.tell
  }

  get detections(): number {
    return this.#detections
  }

  enter(phase: ScanPhase): void {
    this.#phase = phase
    if (phase === 'scanning') {
      this.#hasTotals = true
      this.#startedMs = this.#clock.monotonicMs()
      this.#doneAtStart = costMs(this.#count.settled)
    }
    this.#emit()
  }

  detected(): void {
    this.#detections++
  }

  /** Something was met or settled; tells it if the last time is long enough ago. */
  moved(): void {
    if (this.#clock.monotonicMs() - this.#lastToldMs >= EVERY_MS) this.#emit()
  }

  #emit(): void {
    const now = this.#clock.monotonicMs()
    this.#lastToldMs = now
    const { met, settled } = this.#count
    const total = costMs(met)
    const done = costMs(settled)
    // While the walk goes on the total still grows, so a share of it would go back.
    if (this.#hasTotals) {
      this.#percent = Math.max(this.#percent, total === 0 ? 100 : Math.min((done / total) * 100, 100))
    }
    const elapsedMs = now - this.#startedMs
    const doneHere = done - this.#doneAtStart
    const isTellable = this.#phase === 'scanning' && elapsedMs >= ETA_AFTER_MS && doneHere > 0
    this.#tell({
      phase: this.#phase,
      attempt: this.#attempt,
      filesTotal: met.files,
      filesDone: settled.files,
      bytesTotal: met.bytes,
      bytesDone: settled.bytes,
      percent: Math.round(this.#percent * 10) / 10,
      detections: this.#detections,
      etaMs: isTellable ? Math.round((elapsedMs / doneHere) * (total - done)) : null,
    })
  }
}

/** What a number of files costs the engine, as far as it can be told from their sizes. */
export function costMs({ files, bytes }: { files: number; bytes: number }): number {
  return files * MS_A_FILE + bytes / BYTES_A_MS
}
