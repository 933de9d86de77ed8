import type { Clock } from '@fleetsweep/protocol'
import { BoundedMap } from '../bounded-map.ts'
import { SlidingWindow } from './sliding-window.ts'

/** Most calls in any minute and in any hour. */
export type CallLimits = { perMinute: number; perHour: number }

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Counts calls by key, each key in windows of its own. Keys beyond `maxKeys` push out the one idle longest. */
export class CallCounter {
  readonly #clock: Clock
  readonly #windows: BoundedMap<string, { minute: SlidingWindow; hour: SlidingWindow }>

  constructor(clock: Clock, maxKeys: number) {
    this.#clock = clock
    this.#windows = new BoundedMap(maxKeys)
  }

  /**
   * Counts a call, unless there were too many: what is refused does not count, so that whoever waits as told is served.
   *
   * @returns `undefined`, or whole seconds to wait
   */
  count(key: string, limits: CallLimits): number | undefined {
    const nowMs = this.#clock.monotonicMs()
    let windows = this.#windows.get(key)
    if (!windows) {
      windows = { minute: new SlidingWindow(MINUTE_MS), hour: new SlidingWindow(HOUR_MS) }
      this.#windows.set(key, windows)
    }
    const waitMs = Math.max(
      windows.minute.waitMs(nowMs, limits.perMinute),
      windows.hour.waitMs(nowMs, limits.perHour),
    )
    if (waitMs > 0) return Math.ceil(waitMs / 1_000)
    windows.minute.count(nowMs)
    windows.hour.count(nowMs)
    return undefined
  }
}
