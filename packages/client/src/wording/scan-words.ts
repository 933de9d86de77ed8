import {
  type Conclusion,
  type Coverage,
  type EngineInfo,
  type Exclusion,
  type Instant,
  type MachineAction,
  NOT_SCANNED_REASONS,
  NOT_SCANNED_WORDS,
  type NotScannedReason,
  type ScanPhase,
  type ScanProgress,
  type ScanReport,
  type SignatureState,
  type StopProof,
  signatureState,
  type Tally,
} from '@fleetsweep/protocol'
import { countOf, formatBytes, formatCount, formatDuration } from './amounts.ts'

/** What people read for each phase of a scan. */
export const PHASE_WORDS: Record<ScanPhase, string> = {
  waiting: 'waiting',
  loadingEngine: 'loading the engine',
  selfTest: 'testing the engine',
  walking: 'counting files',
  scanning: 'scanning',
  paused: 'paused',
  stopping: 'stopping',
  ended: 'ended',
}

export const CONCLUSION_WORDS: Record<Conclusion['word'], string> = {
  clean: 'Clean',
  nothingFound: 'Nothing found',
  threatsFound: 'Threats found',
}

export const STOP_PROOF_WORDS: Record<StopProof, string> = {
  processGone: 'the engine has ended',
  queueEmpty: 'the engine has nothing left to do',
  neverStarted: 'the engine had not started',
}

const SIGNATURE_WORDS: Record<SignatureState, string> = {
  inDate: 'official signatures',
  old: 'old official signatures',
  testOnly: 'test signatures only',
}

/**
 * What a machine action tells of its result, for readers who can follow the action itself: without the address of the
 * page that says more.
 */
export function resultOf({ troubleshootInfo }: Pick<MachineAction, 'troubleshootInfo'>): string | null {
  return troubleshootInfo?.replace(/; see https?:\/\/\S+$/, '') ?? null
}

/** What stands in the place of the counts of a report that has none. */
export const UNCOUNTED_WORDS = 'The engine walks by itself and does not tell which files it read.'

export type CoverageRow = {
  key: 'scanned' | 'unchanged' | 'duplicate' | NotScannedReason
  label: string
  tally: Tally
  read: boolean
}

/** The rows of a coverage table: every bucket that holds a file, and always those for files that were read. */
export function coverageRows(coverage: Coverage): CoverageRow[] {
  const read = (key: 'scanned' | 'unchanged' | 'duplicate', label: string) => ({
    key,
    label,
    tally: coverage[key],
    read: true,
  })
  const left = NOT_SCANNED_REASONS.map((reason) => ({
    key: reason,
    label: `not scanned: ${NOT_SCANNED_WORDS[reason]}`,
    tally: coverage.notScanned[reason],
    read: false,
  }))
  return [
    read('scanned', 'scanned'),
    read('unchanged', 'unchanged since found clean'),
    read('duplicate', 'same bytes as a scanned file'),
    ...left.filter(({ tally }) => tally.files > 0),
  ]
}

/** Who laid an exclusion down. */
export const EXCLUDED_BY_WORDS: Record<Exclusion['source'], string> = {
  policy: "by the server's policy",
  machine: 'by the machine itself',
  agent: 'working files of agent and engine',
}

/** Why a place was not opened, such as `excluded by the server's policy (12 files, 3.4 MiB)`. */
export function describeExclusion({ source, files, bytes }: Exclusion): string {
  return `excluded ${EXCLUDED_BY_WORDS[source]} (${files === 0 ? 'no files' : `${countOf(files, 'file')}, ${formatBytes(bytes)}`})`
}

/** What is to be known of the counts of a report, each in a sentence; empty for most scans. */
export function coverageNotes(
  report: Pick<ScanReport, 'carriedOver' | 'judgedAgain' | 'unchangedVerified' | 'notScannedList'> & {
    engine?: Pick<EngineInfo, 'untold'>
  },
): string[] {
  const { carriedOver, judgedAgain, unchangedVerified, notScannedList } = report
  const amount = ({ files, bytes }: Tally) => `${countOf(files, 'file')} (${formatBytes(bytes)})`
  const was = ({ files }: Tally) => (files === 1 ? 'was' : 'were')
  return [
    ...(carriedOver
      ? [
          `The scan was interrupted; ${amount(carriedOver)} ${was(carriedOver)} judged before and had not changed since.`,
        ]
      : []),
    ...(judgedAgain
      ? [
          `The engine or its signatures changed in between, so ${amount(judgedAgain)} ${was(judgedAgain)} judged again.`,
        ]
      : []),
    ...(unchangedVerified && unchangedVerified.files > 0
      ? [
          `To make sure, ${amount(unchangedVerified)} that had not changed ${was(unchangedVerified)} read all the same.`,
        ]
      : []),
    ...(unchangedVerified?.contradicted
      ? [
          'A file that was known to be clean and unchanged held a threat: all that was known was thrown away, and everything was read. Somebody may be able to write on this machine without leaving a time.',
        ]
      : []),
    ...(notScannedList && !notScannedList.isWhole
      ? [`The list of what was not scanned ends after ${countOf(notScannedList.files, 'file')}.`]
      : []),
    ...(report.engine?.untold ?? []),
  ]
}

/**
 * What judged the files, such as `ClamAV 1.4.6, official signatures 27500 of 2026-11-22 (3,627,123)`.
 *
 * @param endedAt when the scan ended; signatures whose age cannot be told are called old
 */
export function describeEngine(engine: EngineInfo, endedAt: Instant | undefined): string {
  const { signatures } = engine
  const version = signatures.version === null ? '' : ` ${signatures.version}`
  const built = signatures.builtAt === null ? '' : ` of ${signatures.builtAt.slice(0, 10)}`
  const unknownAge = signatures.official ? 'old' : 'testOnly'
  const state = endedAt === undefined ? unknownAge : signatureState(signatures, endedAt)
  const words = SIGNATURE_WORDS[state]
  const count = signatures.count === 0 ? '' : ` (${formatCount(signatures.count)})`
  return `${engine.name} ${engine.version}, ${words}${version}${built}${count}`
}

/** How far a scan is, such as `480 of 1,200 files, 131.9 MiB of 329.7 MiB, about 18 s left`. */
export function describeProgress(progress: ScanProgress): string {
  if (progress.phase === 'walking')
    return `${PHASE_WORDS.walking}: ${formatCount(progress.filesTotal)} so far`
  if (progress.phase !== 'scanning') return PHASE_WORDS[progress.phase]
  // Not every engine tells which files it reads.
  const done =
    progress.filesTotal === 0
      ? [PHASE_WORDS.scanning]
      : [
          `${formatCount(progress.filesDone)} of ${countOf(progress.filesTotal, 'file')}`,
          `${formatBytes(progress.bytesDone)} of ${formatBytes(progress.bytesTotal)}`,
        ]
  return [
    ...done,
    ...(progress.detections === 0 ? [] : [countOf(progress.detections, 'detection')]),
    ...(progress.etaMs === null ? [] : [`about ${formatDuration(progress.etaMs)} left`]),
  ].join(', ')
}
