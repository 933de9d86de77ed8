import { linkSync, mkdirSync, mkdtempSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addsUp,
  type CountedReport,
  DEFAULT_SCAN_SETTINGS,
  isCounted,
  NOT_SCANNED_REASONS,
  type ScanReport,
} from '@fleetsweep/protocol'
import { buildEngine } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Engine, Judgement } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner } from '../src/scan/index.ts'

const WINDOW = 2

/** By the first letter of a file: all that an engine can say. */
const JUDGEMENTS: Record<string, Judgement> = {
  c: { kind: 'clean' },
  t: { kind: 'threat', threatName: 'Test-Threat' },
  e: { kind: 'notJudged', reason: 'encrypted', detail: 'Heuristics.Encrypted.Zip' },
  l: { kind: 'notJudged', reason: 'engineLimit', detail: 'MaxFiles' },
  o: { kind: 'notJudged', reason: 'timedOut', detail: '120 s' },
}

type File = { kind: keyof typeof JUDGEMENTS | 'empty'; content: number; isLinked: boolean }
const file: fc.Arbitrary<File> = fc.record({
  kind: fc.constantFrom(...Object.keys(JUDGEMENTS), 'empty'),
  // Few, so that many files hold the same.
  content: fc.nat(4),
  isLinked: fc.boolean(),
})

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'fleetsweep-resume-'))
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

it('a scan that is stopped and goes on, however often, ends as one that was not', async () => {
  let tree = 0
  const files = fc.array(file, { maxLength: 30 })
  const stops = fc.array(fc.nat(20), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(files, stops, async (given, stopsAfter) => {
      const folder = join(top, `${++tree}`)
      const names = makeFiles(join(folder, 'files'), given)
      const whole = await scan(folder, 'whole', 1)
      let judged = 0
      for (const [at, after] of stopsAfter.entries()) {
        const stopped = await scan(folder, 'resumed', at + 1, after)
        if (stopped.report !== null) expectTrue(counted(stopped.report), names)
        judged += stopped.judged
      }
      const resumed = await scan(folder, 'resumed', stopsAfter.length + 1)
      judged += resumed.judged
      if (whole.report === null || resumed.report === null) throw new Error('a scan ended without a report')
      expectTrue(counted(resumed.report), names)
      expect(withoutDuplicates(counted(resumed.report))).toEqual(withoutDuplicates(counted(whole.report)))
      expect(resumed.report.detections).toBe(whole.report.detections)
      expect(resumed.detections.toSorted()).toEqual(whole.detections.toSorted())
      // Time-outs are tried again; and whether a content was read before is known within an attempt.
      const again = given.filter(({ kind }) => kind === 'o').length + new Set(given.map(contentOf)).size
      expect(judged).toBeLessThanOrEqual(whole.judged + stopsAfter.length * (WINDOW + again))
    }),
    { numRuns: 40 },
  )
})

function makeFiles(folder: string, files: File[]): number {
  mkdirSync(folder, { recursive: true })
  for (const [at, one] of files.entries()) {
    writeFileSync(join(folder, `f${at}`), contentOf(one))
    if (one.isLinked) linkSync(join(folder, `f${at}`), join(folder, `l${at}`))
  }
  return files.length + files.filter(({ isLinked }) => isLinked).length
}

function contentOf({ kind, content }: File): string {
  return kind === 'empty' ? '' : `${kind}${'x'.repeat(content)}`
}

function expectTrue({ coverage, notScannedList }: CountedReport, met: number): void {
  expect(addsUp(coverage)).toBe(true)
  expect(coverage.met.files).toBeLessThanOrEqual(met)
  const left = NOT_SCANNED_REASONS.reduce((sum, reason) => sum + coverage.notScanned[reason].files, 0)
  expect(notScannedList?.files ?? 0).toBe(left)
}

/** Which of two files with one content was read depends on what was read before. */
function counted(report: ScanReport): CountedReport {
  if (!isCounted(report)) throw new Error('the report has no counts')
  return report
}

function withoutDuplicates({ coverage }: CountedReport) {
  const { scanned, duplicate, ...others } = coverage
  return { ...others, read: scanned.files + duplicate.files }
}

async function scan(folder: string, name: string, attempt: number, stopAfter = Number.POSITIVE_INFINITY) {
  const workDir = join(folder, name)
  mkdirSync(workDir, { recursive: true })
  const stop = new AbortController()
  const detections: string[] = []
  let judged = 0
  const engine: Engine = {
    inspect: async () => ({ name: 'none', version: null, state: 'ready', signatures: null }),
    open: async () => ({
      info: buildEngine(),
      window: WINDOW,
      ownFolders: [],
      async judge(descriptor) {
        if (stop.signal.aborted) return { kind: 'notJudged', reason: 'cancelled', detail: '' }
        const first = Buffer.alloc(1)
        readSync(descriptor, first, 0, 1, 0)
        if (++judged > stopAfter) stop.abort()
        return JUDGEMENTS[first.toString()] ?? { kind: 'clean' }
      },
      stop: async () => 'queueEmpty',
      [Symbol.asyncDispose]: async () => {},
    }),
    [Symbol.asyncDispose]: async () => {},
  }
  const config = { fullRoots: [join(folder, 'files')], quickPlaces: [] }
  const outcome = await createScanRunner({ engine, clock: systemClock, config })({
    actionId: '00000000-0000-4000-8000-000000000001',
    scanType: 'Full',
    paths: [],
    settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100 },
    attempt,
    workDir,
    signal: stop.signal,
    onStarted: () => {},
    onDetection: ({ path }) => detections.push(path.text),
    onProgress: () => {},
  })
  return { report: outcome.report, judged, detections }
}
