import { NOT_SCANNED_WORDS, type ScanReport } from '@fleetsweep/protocol'

/** Something that a scan did not look at, and why. */
export type LeftOutRow = { key: string; path: string; why: string }

/** Everything that the report names as left out, files first. */
export function leftOutRows(report: ScanReport): LeftOutRow[] {
  const rows = [
    ...report.notScannedSamples.map(({ reason, path, detail }) => ({
      path: path.text,
      why: `${NOT_SCANNED_WORDS[reason]}${detail === undefined ? '' : ` (${detail})`}`,
    })),
    ...report.directoriesUnreadable.map(({ path, detail }) => ({
      path: path.text,
      why: `unreadable folder (${detail})`,
    })),
    ...report.mountsSkipped.map(({ path, fileSystem }) => ({
      path: path.text,
      why: `file system left out (${fileSystem})`,
    })),
    ...report.cuts.map(({ place, limit }) => ({ path: place.text, why: `cut short (${limit})` })),
  ]
  return rows.map((row, at) => ({ ...row, key: `${at}` }))
}
