import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { eicar, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClamAvConfig } from '../src/engines/clamav/clamav-config.ts'
import { ClamAvFixture, finished, type ScanOptions } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'
import type { ResumeChildTask } from './resume-child.ts'

const FILES = 200
/** What an engine with two threads may have in its hands. */
const WINDOW = 16
const CHILD = join(import.meta.dirname, 'resume-child.ts')

describe('a scan that was interrupted', () => {
  let fixture: ClamAvFixture
  let workDir: string
  let readFiles: string[]
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    workDir = join(fixture.folder, 'work')
    for (let i = 0; i < FILES; i++)
      writeFileSync(join(fixture.files, `f${i}`), `${i % 50 === 7 ? eicar() : 'file'} ${i}`)
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  /** Scans, noting which files the engine reads; stops after so many of them. */
  function scan(options: ScanOptions & { stopAfter?: number; engine?: Partial<ClamAvConfig> } = {}) {
    const { stopAfter = Number.POSITIVE_INFINITY, engine, ...others } = options
    const stop = new AbortController()
    readFiles = []
    const hooked = hookEngine(fixture.engine({ threads: 2, ...engine }), {
      afterJudge: (path) => {
        if (!path.startsWith(fixture.files)) return
        readFiles.push(basename(path))
        if (readFiles.length === stopAfter) stop.abort()
      },
    })
    return fixture.scan(hooked, { workDir, signal: stop.signal, ...others })
  }

  it('does not read again what it has judged, and reports all of it', async () => {
    await scan({ stopAfter: 120 })
    const result = await scan({ attempt: 2 })
    const report = finished(result)
    expect(readFiles.length).toBeLessThanOrEqual(FILES - 120 + WINDOW)
    expect(report.coverage).toMatchObject({ met: { files: FILES }, scanned: { files: FILES } })
    expect(report.carriedOver?.files).toBe(FILES - readFiles.length)
    // Told again, so that nothing hangs on whether it was told before; the server knows them again.
    expect(result.detections).toHaveLength(4)
    expect(report.detections).toBe(4)
  })

  it('reads again what was written to meanwhile', async () => {
    await scan({ stopAfter: 150 })
    const judged = readFiles.slice(0, 3)
    for (const name of judged) writeFileSync(join(fixture.files, name), eicar())
    const result = await scan({ attempt: 2 })
    expect(readFiles).toEqual(expect.arrayContaining(judged.slice(0, 1)))
    const found = result.detections.map(({ path }) => basename(path.text))
    expect(found).toEqual(expect.arrayContaining(judged))
    expect(finished(result).coverage.met.files).toBe(FILES)
  })

  it('reads everything again for an engine with other limits', async () => {
    await scan({ stopAfter: 150 })
    const report = finished(await scan({ attempt: 2, engine: { maxFileSizeBytes: 10_000_000 } }))
    expect(readFiles).toHaveLength(FILES)
    expect(report.carriedOver).toBeUndefined()
    expect(report.judgedAgain?.files).toBeGreaterThanOrEqual(150)
  })

  it('still tells what it found in a file that is gone by now, and counts it once', async () => {
    await scan({ stopAfter: 150 })
    for (const name of readFiles) rmSync(join(fixture.files, name))
    const [removed, left] = [readFiles.length, FILES - readFiles.length]
    const first = await scan({ attempt: 2, stopAfter: 10 })
    expect(removed).toBeGreaterThanOrEqual(150)
    const result = await scan({ attempt: 3 })
    const report = finished(result)
    expect(report.coverage).toMatchObject({ met: { files: left }, scanned: { files: left } })
    expect(report.detections).toBe(4)
    expect(result.detections.map(({ path }) => path.text)).toEqual(
      expect.arrayContaining(first.detections.map(({ path }) => path.text)),
    )
    expect(new Set(result.detections.map(({ path }) => path.text)).size).toBe(4)
  })

  it('reads everything again when its checkpoint is torn', async () => {
    await scan({ stopAfter: 120 })
    writeFileSync(join(workDir, 'judged.sqlite'), 'SQLite format 3\0 and then nothing more')
    const report = finished(await scan({ attempt: 2 }))
    expect(readFiles).toHaveLength(FILES)
    expect(report).toMatchObject({ detections: 4, coverage: { scanned: { files: FILES } } })
  })

  it('that was killed goes on, and has read again no more than was in the hands of the engine', async () => {
    const log = join(fixture.folder, 'judged.log')
    const lines = () => (existsSync(log) ? (readFileSync(log, 'utf8').match(/^end /gm)?.length ?? 0) : 0)
    mkdirSync(workDir, { mode: 0o700 })
    for (const [attempt, atLeast] of [
      [1, 30],
      [2, 90],
      [3, 160],
    ] as const) {
      const engine = { ...fixture.engineConfig, threads: 2 }
      const task: ResumeChildTask = { folder: fixture.files, workDir, log, attempt, engine }
      const child = spawn(process.execPath, [CHILD, JSON.stringify(task)])
      await until(() => lines() >= atLeast, 'files were judged')
      child.kill('SIGKILL')
      await once(child, 'exit')
      await fixture.engine().endLeftovers()
    }
    const before = lines()
    const report = finished(await scan({ attempt: 4 }))
    expect(report.coverage).toMatchObject({ met: { files: FILES }, scanned: { files: FILES } })
    expect(report.detections).toBe(4)
    expect(before + readFiles.length).toBeLessThanOrEqual(FILES + 3 * WINDOW)
  })

  it('keeps its checkpoint to itself', async () => {
    await scan({ stopAfter: 10 })
    expect(statSync(workDir).mode & 0o777).toBe(0o700)
  })
})
