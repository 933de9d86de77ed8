import { type CoverageRow, countOf, coverageRows, formatBytes, formatShare } from '@fleetsweep/client'
import type { Coverage } from '@fleetsweep/protocol'

/** What the parts of a picture are as long as. */
export type Measure = 'files' | 'bytes'

/** One part of the picture of a coverage. */
export type CoveragePart = CoverageRow & { amount: number }

/** The parts that hold something, in the order of the table. */
export function coverageParts(coverage: Coverage, measure: Measure): CoveragePart[] {
  return coverageRows(coverage)
    .map((row) => ({ ...row, amount: row.tally[measure] }))
    .filter(({ amount }) => amount > 0)
}

/** The whole picture in words, for who cannot see it. */
export function picturedInWords(coverage: Coverage, measure: Measure): string {
  const { files, bytes } = coverage.met
  const whole = measure === 'files' ? countOf(files, 'file') : formatBytes(bytes)
  const parts = coverageParts(coverage, measure).map(
    ({ label, amount }) => `${formatShare(amount, coverage.met[measure])} ${label}`,
  )
  return `Of ${whole}: ${parts.join(', ') || 'nothing'}`
}
