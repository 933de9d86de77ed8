import { type ScanWindow, WEEKDAYS } from '@fleetsweep/protocol'

/** Whether scans may work now, and until or from when; moments in milliseconds since the epoch. */
export type WindowState =
  | { isOpen: true; closesAtMs: number | undefined }
  /** `opensAtMs` is undefined when it never does. */
  | { isOpen: false; opensAtMs: number | undefined }

type Stretch = { fromMs: number; toMs: number }

/** Windows repeat by the week; whoever looks further finds the same again. */
const DAYS_AHEAD = 8

/**
 * Whether scans may work.
 *
 * @param lists lists of windows that must all allow it; an empty list always does. Times are of the machine's own zone
 */
export function windowState(lists: readonly (readonly ScanWindow[])[], nowMs: number): WindowState {
  const limits = lists.filter((windows) => windows.length > 0).map((windows) => stretchesOf(windows, nowMs))
  const common = limits.reduce<Stretch[] | undefined>(
    (left, right) => (left === undefined ? right : intersection(left, right)),
    undefined,
  )
  if (common === undefined) return { isOpen: true, closesAtMs: undefined }
  const [next] = common.filter(({ toMs }) => toMs > nowMs)
  if (next === undefined) return { isOpen: false, opensAtMs: undefined }
  return next.fromMs <= nowMs
    ? { isOpen: true, closesAtMs: next.toMs }
    : { isOpen: false, opensAtMs: next.fromMs }
}

/** All stretches from yesterday on, in their order; those that touch are one. */
function stretchesOf(windows: readonly ScanWindow[], nowMs: number): Stretch[] {
  const today = new Date(nowMs)
  const stretches: Stretch[] = []
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const weekday = WEEKDAYS[(momentOf(today, day, '12:00').getDay() + 6) % 7]
    for (const { days, from, to } of windows) {
      if (!days.some((name) => name === weekday)) continue
      const fromMs = momentOf(today, day, from).getTime()
      stretches.push({ fromMs, toMs: momentOf(today, to > from ? day : day + 1, to).getTime() })
    }
  }
  const joined: Stretch[] = []
  for (const stretch of stretches.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1)
    if (last && stretch.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, stretch.toMs)
    else joined.push({ ...stretch })
  }
  return joined
}

/** By the calendar of the machine, so that summer time moves it as it moves people. */
function momentOf(today: Date, daysAhead: number, time: string): Date {
  const [hours, minutes] = time.split(':').map(Number)
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() + daysAhead, hours, minutes)
}

function intersection(left: readonly Stretch[], right: readonly Stretch[]): Stretch[] {
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const both = { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) }
      return both.fromMs < both.toMs ? [both] : []
    }),
  )
}
