import { describeProgress, safeText } from '@fleetsweep/client'
import type { ScanProgress } from '@fleetsweep/protocol'

const BAR_CELLS = 20

/**
 * One line that says how far a scan is, such as
 * `lab-01.example  [########············]  40.0 %  480 of 1,200 files, …`, cut to the width of the screen.
 */
export function renderProgressLine(name: string, progress: ScanProgress, columns: number): string {
  const full = Math.floor((progress.percent / 100) * BAR_CELLS)
  const bar = `[${'#'.repeat(full)}${'·'.repeat(BAR_CELLS - full)}]`
  const percent = `${progress.percent.toFixed(1)} %`.padStart(7)
  const line = `${safeText(name)}  ${bar} ${percent}  ${describeProgress(progress)}`
  return line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line
}
