import { countOf } from '@fleetsweep/client'
import {
  NOT_SCANNED_REASONS,
  NOT_SCANNED_WORDS,
  type NotScannedReason,
  type NotScannedSample,
  type ScanReport,
  type Tally,
} from '@fleetsweep/protocol'

/** The files of one reason for which they were not scanned. */
export type NotScannedGroup = {
  reason: NotScannedReason
  words: string
  tally: Tally
  /** The first of them; the report holds at most 100. */
  samples: readonly NotScannedSample[]
}

/** Each reason that holds a file, in the order of the coverage. */
export function notScannedGroups({
  coverage,
  notScannedSamples,
}: Pick<ScanReport, 'coverage' | 'notScannedSamples'>): NotScannedGroup[] {
  const samplesOf = Map.groupBy(notScannedSamples, ({ reason }) => reason)
  return NOT_SCANNED_REASONS.map((reason) => {
    const samples = samplesOf.get(reason) ?? []
    // Without a coverage the examples are all there is.
    const tally = coverage?.notScanned[reason] ?? { files: samples.length, bytes: 0 }
    return { reason, words: NOT_SCANNED_WORDS[reason], tally, samples }
  }).filter(({ tally, samples }) => tally.files > 0 || samples.length > 0)
}

/** A place that a scan did not look at, or not wholly, and why. */
export type PlaceLeftOut = { key: string; path: string; why: string }

/** Folders, file systems and places of which nobody can say how many files they hold. */
export function placesLeftOut(
  report: Pick<ScanReport, 'directoriesUnreadable' | 'mountsSkipped' | 'cuts'>,
): PlaceLeftOut[] {
  const places = [
    ...report.directoriesUnreadable.map(({ path, detail }) => [path.text, `unreadable folder (${detail})`]),
    ...report.mountsSkipped.map(({ path, fileSystem }) => [
      path.text,
      `file system left out (${fileSystem})`,
    ]),
    ...report.cuts.map(({ place, limit }) => [place.text, `cut short (${limit})`]),
  ]
  return places.map(([path = '', why = ''], at) => ({ key: `${at}`, path, why }))
}

/** What of a list is shown, where that is not all: `The first 100 of 2,000 files are shown.` */
export function shownOf(shown: number, { files }: Pick<Tally, 'files'>): string | undefined {
  if (shown >= files) return undefined
  return shown === 0 ? 'The report names none of them.' : `The first ${shown} of ${countOf(files, 'file')}.`
}
