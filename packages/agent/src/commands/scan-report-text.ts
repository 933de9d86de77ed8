import {
  type CountedReport,
  type Detection,
  type Instant,
  isCounted,
  NOT_SCANNED_REASONS,
  NOT_SCANNED_WORDS,
  type ScanReport,
} from '@fleetsweep/protocol'
import type { ScanEnd } from '../control/scan-messages.ts'
import { countWords, safeText, signatureWords } from '../status/words.ts'

/** Files, folders and places that are named of each kind. */
const EXAMPLES = 3

/** One line of what was found. */
export function detectionText({ threatName, path, innerPath, dispositionReason }: Detection): string {
  const inside = innerPath === null ? '' : ` (inside: ${innerPath.text})`
  const why = dispositionReason === undefined ? '' : `  ${safeText(dispositionReason)}`
  return `FOUND       ${safeText(threatName)}  ${path.text}${inside}${why}\n`
}

/**
 * The report of a scan for people: what was scanned, what was not and why, what was found and by which signatures.
 *
 * @param now by the machine's clock
 */
export function scanReportText({ actionId, ending, sentence, report }: ScanEnd, now: Instant): string {
  const lines = [
    ...(report === null ? [] : reportLines(report, now)),
    `scan        ${actionId}`,
    `result      ${ending === 'failed' ? 'failed: ' : ''}${safeText(sentence)}`,
  ]
  return `${lines.join('\n')}\n`
}

function reportLines(report: ScanReport, now: Instant): string[] {
  const { engine, durationMs, attempts, detections } = report
  const known = { name: safeText(engine.name), version: safeText(engine.version) }
  return [
    `engine      ${known.name} ${known.version}; ${signatureWords(engine.signatures, now)}`,
    `took        ${(durationMs / 1_000).toFixed(1)} s${attempts > 1 ? ` in the last of ${attempts} attempts` : ''}`,
    ...(isCounted(report) ? coverageLines(report) : ['scanned     the engine does not tell which files']),
    ...named(
      report.directoriesUnreadable.map(({ path, detail }) => `${path.text} (${safeText(detail)})`),
      report.directoriesUnreadableCount,
      'folders that could not be read',
    ),
    ...named(
      report.mountsSkipped.map(({ path, fileSystem }) => `${path.text} (${safeText(fileSystem)})`),
      report.mountsSkipped.length,
      'file systems that are not of this machine',
    ),
    ...named(
      report.cuts.map(({ place, limit }) => `${place.text} (${safeText(limit)})`),
      report.cuts.length,
      'places cut short',
    ),
    ...(engine.untold ?? []).map((sentence) => `note        ${safeText(sentence)}`),
    `found       ${countWords(detections)}`,
  ]
}

function coverageLines({ coverage, notScannedSamples }: CountedReport): string[] {
  const { met, scanned, unchanged, duplicate, notScanned } = coverage
  return [
    `met         ${countWords(met.files)} files, ${megabytes(met.bytes)}`,
    `scanned     ${countWords(scanned.files)}`,
    ...(unchanged.files === 0 ? [] : [`unchanged   ${countWords(unchanged.files)} since an earlier scan`]),
    ...(duplicate.files === 0
      ? []
      : [`copies      ${countWords(duplicate.files)} of files that were scanned`]),
    ...NOT_SCANNED_REASONS.flatMap((reason) => {
      const examples = notScannedSamples.filter((sample) => sample.reason === reason)
      const texts = examples.map(({ path, detail }) =>
        detail ? `${path.text} (${safeText(detail)})` : path.text,
      )
      return named(texts, notScanned[reason].files, NOT_SCANNED_WORDS[reason])
    }),
  ]
}

/** What was left out of one kind: how many, and some of them by name. */
function named(examples: readonly string[], count: number, words: string): string[] {
  if (count === 0) return []
  const shown = examples.slice(0, EXAMPLES)
  const more =
    count > shown.length && shown.length > 0
      ? [`              and ${countWords(count - shown.length)} more`]
      : []
  return [
    `left out    ${countWords(count)}: ${words}`,
    ...shown.map((text) => `              ${text}`),
    ...more,
  ]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`
}
