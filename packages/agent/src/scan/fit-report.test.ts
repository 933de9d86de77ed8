import { NOT_SCANNED_REASONS, type ScanReport } from '@fleetsweep/protocol'
import { buildReport } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { fitReport, MAX_REPORT_BYTES } from './fit-report.ts'

describe('fitting a report into one message', () => {
  const report: ScanReport = buildReport()
  const samples = (count: number, pathLength: number) =>
    NOT_SCANNED_REASONS.map((reason) =>
      Array.from({ length: count }, (_, i) => ({
        reason,
        path: { text: `/${i}/${'x'.repeat(pathLength)}` },
      })),
    )
  const none = {
    exclusions: [],
    directoriesUnreadable: [],
    mountsSkipped: [],
    cuts: [],
    notScannedSamples: [],
  }

  it('keeps everything that fits', () => {
    const cuts = [{ place: { text: '/tmp' }, limit: 'first 5000 files' }]
    const fitted = fitReport(report, { ...none, cuts, notScannedSamples: samples(10, 50) })
    expect(fitted.notScannedSamples).toHaveLength(110)
    expect(fitted.cuts).toEqual(cuts)
  })

  it('takes examples of every reason before second ones of any', () => {
    const fitted = fitReport(report, { ...none, notScannedSamples: samples(100, 3_000) })
    expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(MAX_REPORT_BYTES)
    const counts = NOT_SCANNED_REASONS.map(
      (reason) => fitted.notScannedSamples.filter((sample) => sample.reason === reason).length,
    )
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  })

  it('leaves out a giant and keeps the small ones of other lists', () => {
    const giant = { reason: 'unreadable' as const, path: { text: 'x'.repeat(200_000) } }
    const small = { reason: 'vanished' as const, path: { text: '/small' } }
    const fitted = fitReport(report, { ...none, notScannedSamples: [[giant, small], [small]] })
    expect(fitted.notScannedSamples).toEqual([small])
  })
})
