import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { NOT_SCANNED_REASONS } from '../scan/coverage.ts'
import { type CountedReport, ScanReport } from '../scan/scan-report.ts'
import { conclusionOf } from './scan.ts'

const tally = (files: number) => ({ files, bytes: files * 10 })
const report = {
  scanType: 'Quick',
  attempts: 1,
  durationMs: 1_000,
  engine: {
    name: 'ClamAV',
    version: '1.4.6',
    signatures: {
      official: true,
      version: '27500',
      builtAt: '2026-11-22T00:00:00Z',
      count: 3_600_000,
      identity: 'a'.repeat(64),
    },
    limits: { maxFileSizeBytes: 1, maxScanSizeBytes: 1, maxScanTimeMs: 1 },
  },
  coverage: {
    met: tally(3),
    scanned: tally(3),
    unchanged: tally(0),
    duplicate: tally(0),
    notScanned: Object.fromEntries(
      NOT_SCANNED_REASONS.map((reason) => [reason, tally(0)]),
    ) as CountedReport['coverage']['notScanned'],
  },
  notScannedSamples: [],
  detections: 0,
  symlinksNotFollowed: 0,
  directories: 1,
  directoriesUnreadable: [],
  directoriesUnreadableCount: 0,
  mountsSkipped: [],
  cuts: [],
} satisfies CountedReport

describe('the conclusion of a scan', () => {
  it('is clean when the scan succeeded, read every file and its signatures are official and in date', () => {
    expect(conclusionOf({ status: 'Succeeded', report, endedAt: '2026-11-23T00:00:00Z' })?.word).toBe('clean')
  })

  it.each([
    [{}, 'clean; all 3 files scanned; 2 unchanged since an earlier scan and not read again'],
    [
      { unchangedVerified: { files: 1, bytes: 10, contradicted: true }, detections: 1 },
      '1 detection; 0 of 3 files not scanned; 2 unchanged since an earlier scan and not read again; what was known of unchanged files proved wrong and was thrown away',
    ],
  ])('says what stands on an earlier scan', (more, sentence) => {
    const known = { ...report, coverage: { ...report.coverage, scanned: tally(1), unchanged: tally(2) } }
    const scan = {
      status: 'Succeeded',
      report: { ...known, ...more },
      endedAt: '2026-11-23T00:00:00Z',
    } as const
    expect(conclusionOf(scan)?.sentence).toBe(sentence)
  })

  it('is not clean when the signatures were old at the end of the scan', () => {
    expect(conclusionOf({ status: 'Succeeded', report, endedAt: '2026-12-23T00:00:00Z' })?.word).toBe(
      'nothingFound',
    )
  })

  it.each(['Pending', 'InProgress', 'Failed', 'Cancelled', 'TimeOut'] as const)(
    'is none at all for a scan that ended as %s, however good its report looks',
    (status) => {
      expect(conclusionOf({ status, report, endedAt: '2026-11-23T00:00:00Z' })).toBeNull()
    },
  )

  it('is never clean where the engine does not tell which files it read, and says so', () => {
    const uncounted = { ...report, coverage: null, engine: { ...report.engine, limits: null } }
    expect(Compile(ScanReport).Check(uncounted)).toBe(true)
    const ended = { status: 'Succeeded', endedAt: '2026-11-23T00:00:00Z' } as const
    expect(conclusionOf({ ...ended, report: uncounted })).toEqual({
      word: 'nothingFound',
      sentence: 'nothing found; the engine does not tell which files it read',
    })
    expect(conclusionOf({ ...ended, report: { ...uncounted, detections: 2 } })).toEqual({
      word: 'threatsFound',
      sentence: '2 detections; the engine does not tell which files it read',
    })
  })

  it('is none without a report', () => {
    expect(conclusionOf({ status: 'Succeeded', report: null, endedAt: '2026-11-23T00:00:00Z' })).toBeNull()
  })
})
