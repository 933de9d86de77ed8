import { describeExclusion } from '@fleetsweep/client'
import { NOT_SCANNED_WORDS, type ScanReport } from '@fleetsweep/protocol'

/** Something that a scan did not look at, and why. */
export type LeftOutRow = { key: string; path: string; why: string }

/** Files of one reason, at most: a scan that was stopped early names a hundred that tell nothing more. */
const EXAMPLES = 10

/** What the report names as left out, files first. */
export function leftOutRows(report: ScanReport): LeftOutRow[] {
  const shown = new Map<string, number>()
  const samples = report.notScannedSamples.filter(({ reason }) => {
    const count = (shown.get(reason) ?? 0) + 1
    shown.set(reason, count)
    return count <= EXAMPLES
  })
  const rows = [
    ...samples.map(({ reason, path, detail }) => ({
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
    ...(report.exclusions ?? []).map((exclusion) => ({
      path: exclusion.path.text,
      why: describeExclusion(exclusion),
    })),
    ...report.cuts.map(({ place, limit }) => ({ path: place.text, why: `cut short (${limit})` })),
  ]
  return rows.map((row, at) => ({ ...row, key: `${at}` }))
}
