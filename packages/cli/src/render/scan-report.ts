import {
  CONCLUSION_WORDS,
  countOf,
  coverageNotes,
  coverageRows,
  describeEngine,
  describeExclusion,
  describeLimits,
  describeProgress,
  describeWindows,
  formatBytes,
  formatCount,
  formatDuration,
  STOP_PROOF_WORDS,
  safeText,
  UNCOUNTED_WORDS,
} from '@fleetsweep/client'
import {
  addsUp,
  conclusionOf,
  isFinal,
  NOT_SCANNED_WORDS,
  type NotScannedFile,
  type NotScannedSample,
  parseInstant,
  type Scan,
  type ScanProgress,
  type ScanReport,
} from '@fleetsweep/protocol'
import { renderDetections } from './detections.ts'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

/** Examples of files that were not scanned, at most this many of each reason. */
const EXAMPLES = 5

/** Everything that is known of a scan, for people: conclusion, what judged, coverage that adds up, detections, gaps. */
export function renderScanReport(scan: Scan): string {
  const parts = [renderHead(scan)]
  if (scan.report) parts.push(renderCoverage(scan.report), renderGaps(scan.report))
  if (scan.detections.length > 0) parts.push(`Detections\n${renderDetections(scan.detections)}`)
  return parts.filter((part) => part !== '').join('\n')
}

function renderHead(scan: Scan): string {
  const name = safeText(scan.computerDnsName ?? scan.machineId)
  const lines = [
    `${scan.scanType} scan of ${name}: ${scan.status}`,
    conclusionLine(scan),
    ...(scan.waitingFor === null ? [] : [`Waiting: ${safeText(scan.waitingFor)}`]),
    ...(scan.progress === null || isFinal(scan.status) ? [] : [`So far: ${progressText(scan.progress)}`]),
    `Requested ${formatMoment(scan.requestedAt)}, started ${formatMoment(scan.startedAt)}, ended ${formatMoment(scan.endedAt)}`,
    ...settingsLines(scan),
    ...reportLines(scan),
    ...stopLines(scan),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function conclusionLine(scan: Scan): string {
  const conclusion = conclusionOf(scan)
  if (conclusion) return `${CONCLUSION_WORDS[conclusion.word]}: ${conclusion.sentence}`
  if (!isFinal(scan.status)) return 'No conclusion yet: the scan has not ended.'
  return scan.report
    ? 'No conclusion: the scan did not come to its end. What it did until then:'
    : 'No conclusion: the machine sent no report.'
}

/** What held for the scan, where it is not what always holds. */
function settingsLines({ paths, rescan, settings }: Scan): string[] {
  const windows = settings?.windows ?? []
  const exclusions = settings?.exclusions ?? []
  return [
    ...(paths === null ? [] : [`Of ${paths.map(safeText).join(', ')}`]),
    ...(rescan ? ['Every file was to be read again.'] : []),
    ...(settings === null ? [] : [`At most ${settings.cpuCeilingPercent} % of all cores`]),
    ...(windows.length === 0 ? [] : [`Works ${describeWindows(windows)}`]),
    ...(exclusions.length === 0 ? [] : [`Excluded by policy: ${exclusions.map(safeText).join(', ')}`]),
  ]
}

function progressText(progress: ScanProgress): string {
  return `${progress.percent.toFixed(1)} %, ${describeProgress(progress)}`
}

function reportLines({ report, endedAt, attempts, reportedLate }: Scan): string[] {
  if (!report) return []
  const end = endedAt === null ? undefined : parseInstant(endedAt)
  return [
    `Judged by ${safeText(describeEngine(report.engine, end))}`,
    `Limits: ${describeLimits(report.engine.limits)}`,
    `Took ${formatDuration(report.durationMs)}${attempts > 1 ? ` in the last of ${countOf(attempts, 'attempt')}` : ''}`,
    ...coverageNotes(report),
    ...(reportedLate ? ['The report came after the action had ended.'] : []),
  ]
}

function stopLines({ stop }: Scan): string[] {
  if (!stop) return []
  if (stop.provenAt === null) {
    return [`Told to stop at ${formatMoment(stop.orderedAt)}; the machine has not proven yet that it did.`]
  }
  const how = stop.proof === null ? '' : `: ${STOP_PROOF_WORDS[stop.proof]}`
  const within = stop.stoppedWithinMs === null ? '' : ` after ${formatDuration(stop.stoppedWithinMs)}`
  return [`Stopped${within}, proven at ${formatMoment(stop.provenAt)}${how}`]
}

function renderCoverage({ coverage }: ScanReport): string {
  if (coverage === null) return `Coverage\n  ${UNCOUNTED_WORDS}\n`
  const rows = coverageRows(coverage).map(({ label, tally }) => [
    label,
    formatCount(tally.files),
    formatBytes(tally.bytes),
  ])
  const met = ['met in all', formatCount(coverage.met.files), formatBytes(coverage.met.bytes)]
  const columns = [
    { title: 'Coverage' },
    { title: 'Files', align: 'right' },
    { title: 'Size', align: 'right' },
  ] as const
  const table = renderTable(columns, [...rows, met])
  return addsUp(coverage) ? table : `${table}These counts do not add up: do not rely on this report.\n`
}

/** One file of the whole list of what was not scanned. */
export function renderNotScannedFile(file: NotScannedFile): string {
  return `${notScannedLine(file)}\n`
}

function notScannedLine({ reason, path, detail }: NotScannedSample): string {
  return `${path.text}: ${NOT_SCANNED_WORDS[reason]}${detail === undefined ? '' : ` (${detail})`}`
}

function renderGaps(report: ScanReport): string {
  const lines: string[] = []
  const shown = new Map<string, number>()
  for (const sample of report.notScannedSamples) {
    const count = (shown.get(sample.reason) ?? 0) + 1
    shown.set(sample.reason, count)
    if (count <= EXAMPLES) lines.push(notScannedLine(sample))
  }
  for (const { path, detail } of report.directoriesUnreadable.slice(0, EXAMPLES)) {
    lines.push(`${path.text}: unreadable folder (${detail})`)
  }
  const folders = report.directoriesUnreadableCount - Math.min(EXAMPLES, report.directoriesUnreadable.length)
  if (folders > 0) lines.push(`and ${countOf(folders, 'further unreadable folder')}`)
  for (const { path, fileSystem } of report.mountsSkipped) {
    lines.push(`${path.text}: file system left out (${fileSystem})`)
  }
  for (const exclusion of report.exclusions ?? []) {
    lines.push(`${exclusion.path.text}: ${describeExclusion(exclusion)}`)
  }
  for (const { place, limit } of report.cuts) lines.push(`${place.text}: cut short (${limit})`)
  return lines.length === 0
    ? ''
    : `Left out, examples\n${lines.map((line) => `  ${safeText(line)}\n`).join('')}`
}
