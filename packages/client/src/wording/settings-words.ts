import {
  type EngineInfo,
  type ScanReport,
  type ScanSettings,
  type ScanWindow,
  WEEKDAYS,
} from '@fleetsweep/protocol'
import { formatBytes, formatDuration } from './amounts.ts'

/** Such as `sat, sun 22:00–06:00`. */
export function describeWindow({ days, from, to }: ScanWindow): string {
  return `${days.length === WEEKDAYS.length ? 'daily' : days.join(', ')} ${from}–${to}`
}

/** When scans may work, such as `at any time` or `daily 22:00–05:00; sat, sun 08:00–20:00`. */
export function describeWindows(windows: readonly ScanWindow[]): string {
  return windows.length === 0 ? 'at any time' : windows.map(describeWindow).join('; ')
}

/** What becomes of found files. */
export const ON_DETECTION_WORDS: Record<ScanSettings['onDetection'], string> = {
  report: 'are reported',
  quarantine: 'go into quarantine',
}

/** Such as `512.0 MiB a file, 1.0 GiB unpacked, 2 min`. */
export function describeLimits(limits: EngineInfo['limits']): string {
  if (limits === null) return 'not told by the engine'
  const { maxFileSizeBytes, maxScanSizeBytes, maxScanTimeMs } = limits
  return `${formatBytes(maxFileSizeBytes)} a file, ${formatBytes(maxScanSizeBytes)} unpacked, ${formatDuration(maxScanTimeMs)}`
}

/**
 * The ceiling that held, such as `25 % of all cores; the policy says 50 %`: what the machine itself lays down may only
 * be less.
 */
export function describeCpuCeiling(
  settings: Pick<ScanSettings, 'cpuCeilingPercent'>,
  report: Pick<ScanReport, 'cpuCeilingPercent'> | null,
): string {
  const kept = report?.cpuCeilingPercent ?? settings.cpuCeilingPercent
  const words = `${kept} % of all cores`
  return kept === settings.cpuCeilingPercent
    ? words
    : `${words}; the policy says ${settings.cpuCeilingPercent} %`
}

/** What a scan does with files known not to have changed. */
export function describeRescan(rescan: boolean): string {
  return rescan ? 'read again, like every file' : 'not read again'
}

/** Part of a whole for people, such as `83.3 %`: never all while something is missing, never nothing of something. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %'
  if (part === whole) return '100 %'
  const percent = (part / whole) * 100
  if (percent < 0.1) return '< 0.1 %'
  return percent > 99.9 ? '> 99.9 %' : `${percent.toFixed(1)} %`
}
