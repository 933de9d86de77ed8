import type { Clock, ScanReport, StopProof } from '@fleetsweep/protocol'
import type { ScanOutcome } from './scan.ts'

/** From the stop order to the proof that nothing runs. */
export class StopWatch {
  readonly #signal: AbortSignal
  readonly #clock: Clock
  readonly #listener: () => void
  #stop: (() => Promise<StopProof>) | undefined
  #proof: Promise<StopProof> | undefined
  #abortedMs: number

  constructor(signal: AbortSignal, clock: Clock) {
    this.#signal = signal
    this.#clock = clock
    this.#abortedMs = clock.monotonicMs()
    this.#listener = () => {
      this.#abortedMs = clock.monotonicMs()
      this.#proof ??= this.#stop?.()
    }
    signal.addEventListener('abort', this.#listener, { once: true })
  }

  /** What to do when the stop comes, or at once when it has come. */
  onStop(stop: () => Promise<StopProof>): void {
    this.#stop = stop
    if (this.#signal.aborted) this.#proof ??= stop()
  }

  async proof(): Promise<StopProof> {
    return (await this.#proof) ?? 'neverStarted'
  }

  outcome(proof: StopProof, report: ScanReport | null): ScanOutcome {
    const stoppedWithinMs = Math.round(this.#clock.monotonicMs() - this.#abortedMs)
    return { kind: 'stopped', proof, stoppedWithinMs, report }
  }

  disarm(): void {
    this.#signal.removeEventListener('abort', this.#listener)
  }
}
