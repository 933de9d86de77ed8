import { addsUp, instantFromMs } from '@fleetsweep/protocol'
import { buildCoverage, buildEngine, buildProgress } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countOf, formatBytes, formatDuration } from './amounts.ts'
import { safeText } from './safe-text.ts'
import {
  coverageNotes,
  coverageRows,
  describeEngine,
  describeExclusion,
  describeProgress,
  resultOf,
} from './scan-words.ts'

describe('amounts for people', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1,023 B'],
    [1_024, '1.0 KiB'],
    [1_048_575, '1.0 MiB'],
    [345_678_901, '329.7 MiB'],
    [2 ** 50 * 5_000, '5,000.0 PiB'],
  ])('write %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it.each([
    [0, '0.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_600, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
  ])('write %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('put a noun in its number', () => {
    expect([countOf(0, 'file'), countOf(1, 'file'), countOf(2_000, 'file')]).toEqual([
      '0 files',
      '1 file',
      '2,000 files',
    ])
  })
})

describe('words for a scan', () => {
  it('list every bucket that holds a file, so that the rows add up', () => {
    const coverage = buildCoverage({
      scanned: { files: 10, bytes: 100 },
      notScanned: { tooLarge: { files: 1, bytes: 900 }, unreadable: { files: 2, bytes: 0 } },
    })
    const rows = coverageRows(coverage)
    expect(addsUp(coverage)).toBe(true)
    expect(rows.map(({ key }) => key)).toEqual([
      'scanned',
      'unchanged',
      'duplicate',
      'tooLarge',
      'unreadable',
    ])
    expect(rows.reduce((sum, { tally }) => sum + tally.files, 0)).toBe(coverage.met.files)
  })

  it.each([
    [{}, 'ClamAV 1.4.6, official signatures 27500 of 2026-11-22 (3,627,123)'],
    [{ builtAt: '2026-01-01T00:00:00Z' }, 'old official signatures'],
    [{ official: false, version: null, builtAt: null, count: 2 }, 'ClamAV 1.4.6, test signatures only (2)'],
  ])('say how good the signatures were', (signatures, text) => {
    const endedAt = instantFromMs(Date.parse('2026-11-23T00:00:00Z'))
    expect(describeEngine(buildEngine(signatures), endedAt)).toContain(text)
  })

  it('say who excluded a place, and how much lies in it', () => {
    const path = { text: '/srv/mail' }
    expect(describeExclusion({ path, source: 'policy', files: 12, bytes: 2_048 })).toBe(
      "excluded by the server's policy (12 files, 2.0 KiB)",
    )
    expect(describeExclusion({ path, source: 'machine', files: 0, bytes: 0 })).toBe(
      'excluded by the machine itself (no files)',
    )
  })

  it('say what an interrupted scan kept and what it did again, and nothing of a plain one', () => {
    const tally = { files: 1_200, bytes: 2_048 }
    const list = { files: 900, bytes: 1, sha256: '0'.repeat(64) }
    expect(
      coverageNotes({
        carriedOver: tally,
        judgedAgain: tally,
        unchangedVerified: { files: 1, bytes: 1_024, contradicted: true },
        notScannedList: { ...list, isWhole: false },
      }),
    ).toEqual([
      'The scan was interrupted; 1,200 files (2.0 KiB) were judged before and had not changed since.',
      'The engine or its signatures changed in between, so 1,200 files (2.0 KiB) were judged again.',
      'To make sure, 1 file (1.0 KiB) that had not changed was read all the same.',
      'A file that was known to be clean and unchanged held a threat: all that was known was thrown away, and everything was read. Somebody may be able to write on this machine without leaving a time.',
      'The list of what was not scanned ends after 900 files.',
    ])
    expect(coverageNotes({ notScannedList: { ...list, isWhole: true } })).toEqual([])
  })

  it('say how far it is, and what it does before it can be told', () => {
    expect(describeProgress(buildProgress({ detections: 1 }))).toBe(
      '480 of 1,200 files, 131.9 MiB of 329.7 MiB, 1 detection, about 18 s left',
    )
    expect(describeProgress(buildProgress({ phase: 'loadingEngine' }))).toBe('loading the engine')
    const untold = { filesTotal: 0, filesDone: 0, detections: 0, etaMs: null }
    expect(describeProgress(buildProgress(untold))).toBe('scanning')
  })
})

describe('the result of a machine action', () => {
  it.each([
    ['2 detections; see https://fleet.example/console/actions/1', '2 detections'],
    ['The engine is missing', 'The engine is missing'],
    ['Nothing; see the manual', 'Nothing; see the manual'],
    [null, null],
  ])('of %j reads %j', (troubleshootInfo, text) => {
    expect(resultOf({ troubleshootInfo })).toBe(text)
  })
})

describe('text from outside', () => {
  it('keeps letters of every language and loses what could fool a reader', () => {
    expect(safeText('Büro-Пк 漢字 🧪')).toBe('Büro-Пк 漢字 🧪')
    expect(safeText('a\u001b[2Jb\nc\u202egpj.exe\ud800')).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}gpj.exe\\u{d800}')
  })

  it('never holds a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(safeText(text)).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})
