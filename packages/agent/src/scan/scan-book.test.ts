import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { buildEngine } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../os/system-clock.ts'
import { ScanBook } from './scan-book.ts'

describe('the books of a scan that did not come to all files', () => {
  let workDir: string
  let book: ScanBook
  beforeEach(() => {
    workDir = mkdtempSync(join(tmpdir(), 'fleetsweep-book-'))
    book = new ScanBook(
      {
        actionId: 'any',
        scanType: 'Full',
        paths: [],
        settings: DEFAULT_SCAN_SETTINGS,
        attempt: 1,
        workDir,
        signal: new AbortController().signal,
        onStarted: () => {},
        onDetection: () => {},
        onProgress: () => {},
      },
      systemClock,
    )
  })
  afterEach(() => rmSync(workDir, { recursive: true, force: true }))

  const reportOf = (files: number, listAtMost: number) => {
    const items = Array.from({ length: files }, (_, at) => {
      return { path: Buffer.from(`/f${at}`), bytes: book.count.meet(10n) }
    })
    book.rest('cancelled', items, listAtMost)
    const none = { files: 0, bytes: 0 }
    return book.report(
      { info: buildEngine() },
      { judged: { carriedOver: none, judgedAgain: none }, cpuCeilingPercent: 50 },
    )
  }

  it('count all of them, list as many as were to be listed, and say that the list is not whole', () => {
    expect(reportOf(3, 2)).toMatchObject({
      coverage: { notScanned: { cancelled: { files: 3, bytes: 30 } } },
      notScannedList: { files: 2, isWhole: false },
    })
  })

  it('say that the list is whole when all just fitted', () => {
    expect(reportOf(2, 2).notScannedList).toMatchObject({ files: 2, isWhole: true })
  })
})
