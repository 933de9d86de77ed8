import type { ScanReport } from '@fleetsweep/protocol'

/** The longest report, as JSON: it must fit into one message to the server. */
export const MAX_REPORT_BYTES = 160 * 1024

type Lists = Pick<ScanReport, 'directoriesUnreadable' | 'mountsSkipped' | 'cuts'> & {
  exclusions: NonNullable<ScanReport['exclusions']>
  /** One list for each reason. */
  notScannedSamples: ScanReport['notScannedSamples'][]
}

/** Puts as many examples into a report as its size allows: one of each list after the other, so that none crowds out the others. */
export function fitReport(
  report: Omit<ScanReport, keyof Lists>,
  lists: Lists,
  maxBytes = MAX_REPORT_BYTES,
): ScanReport {
  const { notScannedSamples, directoriesUnreadable, mountsSkipped, cuts, exclusions } = lists
  const sources: readonly (readonly unknown[])[] = [
    exclusions,
    mountsSkipped,
    cuts,
    directoriesUnreadable,
    ...notScannedSamples,
  ]
  const taken = sources.map(() => 0)
  const empty = {
    ...report,
    exclusions: [],
    directoriesUnreadable: [],
    mountsSkipped: [],
    cuts: [],
    notScannedSamples: [],
  }
  let left = maxBytes - Buffer.byteLength(JSON.stringify(empty))
  for (let round = 0; ; round++) {
    let took = false
    sources.forEach((source, index) => {
      // A list that an item did not fit into has ended: what it shows is its beginning.
      if (taken[index] !== round || round >= source.length) return
      const bytes = Buffer.byteLength(JSON.stringify(source[round])) + 1
      if (bytes > left) return
      left -= bytes
      taken[index] = round + 1
      took = true
    })
    if (!took) break
  }
  const [excluded = 0, mounts = 0, cut = 0, folders = 0, ...samples] = taken
  return {
    ...report,
    ...(excluded > 0 && { exclusions: exclusions.slice(0, excluded) }),
    mountsSkipped: mountsSkipped.slice(0, mounts),
    cuts: cuts.slice(0, cut),
    directoriesUnreadable: directoriesUnreadable.slice(0, folders),
    notScannedSamples: notScannedSamples.flatMap((list, index) => list.slice(0, samples[index])),
  }
}
