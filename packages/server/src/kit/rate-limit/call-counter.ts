import type { Clock } from '@fleetsweep/protocol'
import { BoundedMap } from '../bounded-map.ts'
import { type CountedCalls, SlidingWindow } from './sliding-window.ts'

/** Most calls in any minute and in any hour; null where there is no such limit. */
export type CallLimits = { perMinute: number | null; perHour: number | null }

/** What one key has counted lately, by window. */
export type CallCounts = { minute: readonly CountedCalls[]; hour: readonly CountedCalls[] }

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000

type Windows = { minute: SlidingWindow; hour: SlidingWindow }

/** Counts calls by key, each key in windows of its own. Keys beyond `maxKeys` push out the one idle longest. */
export class CallCounter {
  readonly #clock: Clock
  readonly #windows: BoundedMap<string, Windows>
  readonly #changed = new Set<string>()

  constructor(clock: Clock, maxKeys: number) {
    this.#clock = clock
    this.#windows = new BoundedMap(maxKeys)
  }

  /**
   * Counts a call, unless there were too many: what is refused does not count, so that whoever waits as told is served.
   *
   * @returns `undefined`, or whole seconds to wait and the limit that says so
   */
  count(key: string, { perMinute, perHour }: CallLimits) {
    const nowMs = this.#clock.monotonicMs()
    const { minute, hour } = this.#of(key)
    const minuteWaitMs = perMinute === null ? 0 : minute.waitMs(nowMs, perMinute)
    const hourWaitMs = perHour === null ? 0 : hour.waitMs(nowMs, perHour)
    if (hourWaitMs > 0 && hourWaitMs >= minuteWaitMs) {
      return exceeded(hourWaitMs, perHour ?? 0, HOUR_MS)
    }
    if (minuteWaitMs > 0) return exceeded(minuteWaitMs, perMinute ?? 0, MINUTE_MS)
    minute.count(nowMs)
    hour.count(nowMs)
    this.#changed.add(key)
    return undefined
  }

  /** What the keys have counted that counted since the last time. */
  takeChanged(): { key: string; counts: CallCounts }[] {
    const nowMs = this.#clock.monotonicMs()
    const keys = [...this.#changed]
    this.#changed.clear()
    return keys.flatMap((key) => {
      const windows = this.#windows.peek(key)
      if (!windows) return []
      const counts = { minute: windows.minute.snapshot(nowMs), hour: windows.hour.snapshot(nowMs) }
      return [{ key, counts }]
    })
  }

  /** Takes them among the changed ones again. */
  markChanged(keys: readonly string[]): void {
    for (const key of keys) this.#changed.add(key)
  }

  /** Goes on from what was counted until `agoMs` ago; negative where a clock was set back since. */
  restore(key: string, { minute, hour }: CallCounts, agoMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    const windows = this.#of(key)
    const aged = (counted: readonly CountedCalls[]) =>
      counted.map(([countedAgoMs, calls]): CountedCalls => [countedAgoMs + agoMs, calls])
    windows.minute.restore(nowMs, aged(minute))
    windows.hour.restore(nowMs, aged(hour))
    // By the clock as it is now, or every restart would find it in the future again.
    if (agoMs < 0) this.#changed.add(key)
  }

  #of(key: string): Windows {
    const known = this.#windows.get(key)
    if (known) return known
    const windows = { minute: new SlidingWindow(MINUTE_MS), hour: new SlidingWindow(HOUR_MS) }
    this.#windows.set(key, windows)
    return windows
  }
}

function exceeded(waitMs: number, calls: number, windowMs: number) {
  return { retryAfterSeconds: Math.ceil(waitMs / 1_000), calls, windowSeconds: windowMs / 1_000 }
}
