import type { Clock, ScanProgress, Timer } from '@fleetsweep/protocol'

/** Progress of one action goes out this often at most. */
export const PROGRESS_INTERVAL_MS = 1_000

type Paced = { sentAtMs: number; latest: ScanProgress | undefined; timer: Timer | undefined }

/** Lets progress through at a steady pace: the first at once, later the newest of each interval. */
export class ProgressPacer {
  readonly #clock: Clock
  readonly #send: (actionId: string, progress: ScanProgress) => void
  readonly #paced = new Map<string, Paced>()

  constructor(clock: Clock, send: (actionId: string, progress: ScanProgress) => void) {
    this.#clock = clock
    this.#send = send
  }

  offer(actionId: string, progress: ScanProgress): void {
    const now = this.#clock.monotonicMs()
    const paced = this.#paced.get(actionId)
    if (paced?.timer !== undefined) {
      paced.latest = progress
    } else if (paced === undefined || now - paced.sentAtMs >= PROGRESS_INTERVAL_MS) {
      this.#paced.set(actionId, { sentAtMs: now, latest: undefined, timer: undefined })
      this.#send(actionId, progress)
    } else {
      paced.latest = progress
      paced.timer = this.#clock.setTimer(paced.sentAtMs + PROGRESS_INTERVAL_MS - now, () =>
        this.#flush(actionId),
      )
    }
  }

  /** The action goes on no more: what was held back of it is worthless. */
  drop(actionId: string): void {
    this.#paced.get(actionId)?.timer?.cancel()
    this.#paced.delete(actionId)
  }

  close(): void {
    for (const actionId of [...this.#paced.keys()]) this.drop(actionId)
  }

  #flush(actionId: string): void {
    const latest = this.#paced.get(actionId)?.latest
    this.#paced.set(actionId, { sentAtMs: this.#clock.monotonicMs(), latest: undefined, timer: undefined })
    if (latest !== undefined) this.#send(actionId, latest)
  }
}
