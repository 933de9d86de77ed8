import type { ScanWindow } from '@fleetsweep/protocol'
import { type WindowState, windowState } from '../governor/index.ts'

/** Why a scan waits that nothing but another one keeps from running. */
export const WAITS_FOR_ANOTHER = 'Another scan runs on this machine; this one is next after those before it.'

/** Whether a scan may work now by its own windows and by those of the machine's policy. */
export function turnOf(
  scan: { settings: { windows: readonly ScanWindow[] } },
  policyWindows: readonly ScanWindow[],
  nowMs: number,
): WindowState {
  return windowState([scan.settings.windows, policyWindows], nowMs)
}

/** Why a scan waits that its windows keep from running, in one sentence. */
export function closedSentence({ opensAtMs }: Extract<WindowState, { isOpen: false }>): string {
  return opensAtMs === undefined
    ? 'It waits for a time window, and none ever opens: those of the server and of this machine have no moment in common.'
    : `It waits for its time window, which opens ${localMoment(opensAtMs)}, by the clock of this machine.`
}

/** Such as "Tue 2026-11-24 22:00 (UTC+1)". */
function localMoment(ms: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  const date = `${part('year')}-${part('month')}-${part('day')}`
  return `${part('weekday')} ${date} ${part('hour')}:${part('minute')} (${part('timeZoneName')})`
}
