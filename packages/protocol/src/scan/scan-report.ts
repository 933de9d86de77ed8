import { type Static, Type } from 'typebox'
import { SCAN_TYPES } from '../api/machine-action.ts'
import { Sha256Text } from '../ids.ts'
import { type Instant, msBetween, parseInstant } from '../instant.ts'
import { Coverage, NotScannedSample, notScannedTotal, Tally } from './coverage.ts'
import { FilePath } from './file-path.ts'
import { SIGNATURES_OLD_AFTER_DAYS, SignatureSet } from './signature-set.ts'

/** What judged the files, and under which limits. */
export const EngineInfo = Type.Object({
  name: Type.String({ maxLength: 64, description: '`ClamAV` or `Microsoft Defender`.' }),
  version: Type.String({ maxLength: 64 }),
  signatures: SignatureSet,
  limits: Type.Union(
    [
      Type.Object({
        maxFileSizeBytes: Type.Integer({ minimum: 0 }),
        maxScanSizeBytes: Type.Integer({ minimum: 0 }),
        maxScanTimeMs: Type.Integer({ minimum: 0 }),
      }),
      Type.Null(),
    ],
    { description: 'Null for an engine that does not tell its limits.' },
  ),
  untold: Type.Optional(
    Type.Array(Type.String({ maxLength: 300 }), {
      maxItems: 10,
      description: 'What this engine leaves out without a word, in sentences; then nothing is called clean.',
    }),
  ),
})
export type EngineInfo = Static<typeof EngineInfo>

/** What is known of an engine that judges the files that it is given: its limits as well. */
export type JudgingEngineInfo = EngineInfo & { limits: NonNullable<EngineInfo['limits']> }

/** What was met and not opened because somebody laid that down, and how much of it there was. */
export const Exclusion = Type.Object({
  path: FilePath,
  source: Type.Union([Type.Literal('policy'), Type.Literal('machine'), Type.Literal('agent')], {
    description:
      "`policy`: of the server's policy. `machine`: of the machine's own configuration. `agent`: working files of agent and engine.",
  }),
  files: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
})
export type Exclusion = Static<typeof Exclusion>

/** What a scan did, what it left out and why. Durations come from a clock that cannot be set. */
export const ScanReport = Type.Object({
  scanType: Type.Enum(SCAN_TYPES),
  attempts: Type.Integer({ minimum: 1 }),
  durationMs: Type.Integer({ minimum: 0, description: 'Of the last attempt.' }),
  engine: EngineInfo,
  coverage: Type.Union([Coverage, Type.Null()], {
    description:
      'Null when the engine walks by itself and does not tell which files it read; then nothing is called clean, and the other counts of files and folders are 0 and mean nothing.',
  }),
  notScannedSamples: Type.Array(NotScannedSample, {
    maxItems: 1_100,
    description: 'At most 100 of each reason, fewer where the report would grow past its size limit.',
  }),
  detections: Type.Integer({ minimum: 0 }),
  symlinksNotFollowed: Type.Integer({
    minimum: 0,
    description: 'Links are never followed; what they point at is scanned under its own name.',
  }),
  directories: Type.Integer({ minimum: 0 }),
  /** Nobody can say how many files these hold. */
  directoriesUnreadable: Type.Array(
    Type.Object({ path: FilePath, detail: Type.String({ maxLength: 200 }) }),
    {
      maxItems: 100,
    },
  ),
  directoriesUnreadableCount: Type.Integer({ minimum: 0 }),
  /** Mounted file systems left out, because they are remote or hold no files of their own. */
  mountsSkipped: Type.Array(Type.Object({ path: FilePath, fileSystem: Type.String({ maxLength: 64 }) }), {
    maxItems: 100,
  }),
  /** Places of a quick scan that held more than its cap; the rest was not looked at. */
  cuts: Type.Array(Type.Object({ place: FilePath, limit: Type.String({ maxLength: 100 }) }), {
    maxItems: 100,
  }),
  exclusions: Type.Optional(
    Type.Array(Exclusion, {
      maxItems: 300,
      description: 'Everything that was not to be opened, whether anything was met there or not.',
    }),
  ),
  cpuCeilingPercent: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: 'Of all cores together, what the scan kept to.' }),
  ),
  carriedOver: Type.Optional({
    ...Tally,
    description:
      'What an earlier attempt had judged, and had not changed since; it is among `scanned` as well.',
  }),
  judgedAgain: Type.Optional({
    ...Tally,
    description:
      'What an earlier attempt had judged with another engine, other signatures or limits, and was judged again.',
  }),
  unchangedVerified: Type.Optional(
    Type.Object(
      {
        files: Type.Integer({ minimum: 0 }),
        bytes: Type.Integer({ minimum: 0 }),
        contradicted: Type.Boolean({
          description:
            'True when a file that was known to be clean and unchanged held a threat: everything that was known was thrown away, and all files were read.',
        }),
      },
      {
        description:
          'Files known not to have changed that were read again all the same; they count as scanned.',
      },
    ),
  ),
  notScannedList: Type.Optional(
    Type.Object(
      {
        files: Type.Integer({ minimum: 0 }),
        bytes: Type.Integer({ minimum: 0, description: 'Of the list itself, compressed.' }),
        sha256: Sha256Text,
        isWhole: Type.Boolean({ description: 'False when the list was cut off at its size limit.' }),
      },
      { description: 'The list of every file that was not scanned; absent where there is none.' },
    ),
  ),
})
export type ScanReport = Static<typeof ScanReport>

/** The report of a scan that knows what became of every file. */
export type CountedReport = ScanReport & { coverage: Coverage }

export function isCounted(report: ScanReport): report is CountedReport {
  return report.coverage !== null
}

/** How good the signatures were, seen from `now` (the server's clock: a machine's may be wrong). */
export type SignatureState = 'inDate' | 'old' | 'testOnly'

/** @param now the moment the scan ended, by the server's clock */
export function signatureState(signatures: SignatureSet, now: Instant): SignatureState {
  if (!signatures.official) return 'testOnly'
  const built = signatures.builtAt === null ? undefined : parseInstant(signatures.builtAt)
  if (built === undefined) return 'old'
  return msBetween(built, now) > SIGNATURES_OLD_AFTER_DAYS * 86_400_000 ? 'old' : 'inDate'
}

/**
 * The one word that everything (API, CLI, console) says about a finished scan.
 *
 * `clean` needs an official set in date and not one file left out; anything less is `nothingFound`, and the sentence
 * says what is missing.
 */
export type Conclusion = { word: 'clean' | 'nothingFound' | 'threatsFound'; sentence: string }

/** @param now the moment the scan ended, by the server's clock */
export function conclude(report: ScanReport, now: Instant): Conclusion {
  const state = signatureState(report.engine.signatures, now)
  const { coverage } = report
  const left = coverage === null ? 0 : notScannedTotal(coverage).files
  const untold = report.engine.untold?.length ?? 0
  const whole =
    coverage !== null &&
    left === 0 &&
    report.directoriesUnreadableCount === 0 &&
    report.cuts.length === 0 &&
    untold === 0
  const found =
    report.detections === 0
      ? state === 'inDate'
        ? 'nothing found'
        : `nothing found by ${state === 'old' ? 'old' : 'test'} signatures`
      : `${count(report.detections, 'detection')}${state === 'inDate' ? '' : ` (${state === 'old' ? 'old' : 'test'} signatures)`}`
  const gaps = [
    ...(coverage === null
      ? ['the engine does not tell which files it read']
      : [`${grouped(left)} of ${count(coverage.met.files, 'file')} not scanned`]),
    ...(report.directoriesUnreadableCount === 0
      ? []
      : [`${count(report.directoriesUnreadableCount, 'unreadable folder')}`]),
    ...(report.cuts.length === 0 ? [] : [`${count(report.cuts.length, 'place')} cut short`]),
    ...(untold === 0 || coverage === null ? [] : ['the engine does not tell all that it left out']),
  ]
  if (report.detections === 0 && whole && state === 'inDate') {
    const clean = `clean; all ${count(coverage.met.files, 'file')} scanned`
    return { word: 'clean', sentence: [clean, ...knownWords(report)].join('; ') }
  }
  return {
    word: report.detections > 0 ? 'threatsFound' : 'nothingFound',
    sentence: [found, ...gaps, ...knownWords(report)].join('; '),
  }
}

/** What stands on an earlier scan, and what to think of that. */
function knownWords({ coverage, unchangedVerified }: ScanReport): string[] {
  const files = coverage?.unchanged.files ?? 0
  return [
    ...(files === 0 ? [] : [`${grouped(files)} unchanged since an earlier scan and not read again`]),
    ...(unchangedVerified?.contradicted
      ? ['what was known of unchanged files proved wrong and was thrown away']
      : []),
  ]
}

function count(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`
}

/** 48201 as "48,201". Node's own way to say it loads tables of all languages, which an agent never gives back. */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
