import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { conclude, instantFromMs, NotScannedFile } from '@fleetsweep/protocol'
import { eicar, shiftedClock } from '@fleetsweep/testkit'
import { Compile } from 'typebox/compile'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture, finished, type ScanOptions } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const listLine = Compile(NotScannedFile)

let fixture: ClamAvFixture
let folder: string
let readFiles: string[]
beforeEach(async () => {
  fixture = await ClamAvFixture.create()
  folder = fixture.files
  for (const name of ['one', 'two', 'three']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'clean'), `clean ${name}`)
    writeFileSync(join(folder, name, 'eicar'), `${eicar()} ${name}`)
  }
})
afterEach(() => fixture[Symbol.asyncDispose]())

function scan(options: ScanOptions = {}) {
  readFiles = []
  const hooked = hookEngine(fixture.engine(), {
    afterJudge: (path) => path.startsWith(folder) && readFiles.push(path),
  })
  return fixture.scan(hooked, options)
}

const foundIn = (result: Awaited<ReturnType<typeof scan>>) =>
  result.detections.map(({ path }) => path.text.slice(folder.length + 1)).toSorted()

describe('a scan of named paths', () => {
  const custom = (paths: string[], config = {}) => scan({ scanType: 'Custom', paths, config })

  it('looks at files and folders that were named, and nowhere else', async () => {
    const result = await custom([join(folder, 'one'), join(folder, 'two', 'eicar')])
    expect(foundIn(result)).toEqual(['one/eicar', 'two/eicar'])
    expect(finished(result)).toMatchObject({ scanType: 'Custom', coverage: { met: { files: 3 } } })
  })

  it('tells of a path that is not there', async () => {
    const result = await custom([join(folder, 'one'), join(folder, 'nowhere')])
    expect(finished(result)).toMatchObject({
      coverage: { met: { files: 3 }, notScanned: { vanished: { files: 1 } } },
      notScannedSamples: [{ reason: 'vanished', path: { text: join(folder, 'nowhere') } }],
    })
  })

  it('fails, and says why, when nothing of it is there', async () => {
    const { outcome } = await custom([join(folder, 'nowhere'), join(folder, 'neither')])
    expect(outcome).toEqual({
      kind: 'failed',
      reason: 'Nothing was scanned: all 2 paths are not there.',
      report: null,
    })
  })

  it('looks at no more than the policy of the machine allows, also through a link', async () => {
    const allowedPaths = [join(folder, 'one')]
    symlinkSync(join(folder, 'two'), join(folder, 'one', 'link'))
    const result = await custom([folder, join(folder, 'one', 'link')], { allowedPaths })
    expect(foundIn(result)).toEqual(['one/eicar'])
    expect(finished(result).cuts).toHaveLength(2)
    const none = await custom([join(folder, 'three')], { allowedPaths })
    expect(none.outcome).toMatchObject({
      kind: 'failed',
      reason: 'Nothing was scanned: the policy of this machine allows none of the paths.',
    })
  })

  it.each([
    ['relative/path', 'the path "relative/path" does not begin with "/"'],
    ['C:\\Mail', 'the path "C:\\\\Mail" does not begin with "/"'],
    ['/a\0b', 'the path "/a\\x00b" holds a NUL, which no path can'],
    [`/${'x'.repeat(4_095)}`, `the path "/${'x'.repeat(199)}…" is 4096 bytes long; the longest path is 4095`],
  ])('refuses one that is none: %j', async (path, why) => {
    const { outcome } = await custom([join(folder, 'one'), path])
    expect(outcome).toEqual({ kind: 'failed', reason: `Nothing was scanned: ${why}.`, report: null })
  })

  it('of file systems that are not of this machine says so', async () => {
    expect((await custom(['/proc/self/status'])).outcome).toMatchObject({
      kind: 'failed',
      reason: 'Nothing was scanned: the paths lie on file systems that are not of this machine.',
    })
  })

  it('of an empty folder finds nothing and ends well', async () => {
    mkdirSync(join(folder, 'empty'))
    expect(finished(await custom([join(folder, 'empty')])).coverage.met.files).toBe(0)
  })
})

describe('exclusions', () => {
  it('of folders and of single files are met, counted, named and never opened', async () => {
    const exclusions = [join(folder, 'one'), `${join(folder, 'two', 'eicar')}`, '/nowhere/at/all/']
    const result = await scan({ settings: { exclusions } })
    const report = finished(result)
    expect(foundIn(result)).toEqual(['three/eicar'])
    expect(report.coverage.notScanned.excluded.files).toBe(3)
    expect(report.exclusions).toEqual(
      expect.arrayContaining([
        { path: { text: exclusions[0] }, source: 'policy', files: 2, bytes: expect.any(Number) },
        { path: { text: exclusions[1] }, source: 'policy', files: 1, bytes: 72 },
        { path: { text: '/nowhere/at/all' }, source: 'policy', files: 0, bytes: 0 },
      ]),
    )
    expect(readFiles.some((path) => path.includes('/one/'))).toBe(false)
  })

  it('of everything leave nothing to read, and nobody may call that clean', async () => {
    const report = finished(await scan({ settings: { exclusions: ['/'] } }))
    expect(report.coverage.notScanned.excluded.files).toBe(6)
    const official = { ...report.engine.signatures, official: true, builtAt: '2026-11-23T00:00:00Z' }
    const now = instantFromMs(Date.parse('2026-11-24T00:00:00Z'))
    const { word, sentence } = conclude(
      { ...report, engine: { ...report.engine, signatures: official } },
      now,
    )
    expect({ word, sentence }).toEqual({
      word: 'nothingFound',
      sentence: 'nothing found; 6 of 6 files not scanned; 1 place cut short',
    })
  })

  it('that cannot be kept end the scan before anything is opened', async () => {
    const { outcome } = await scan({ settings: { exclusions: ['/srv/a\0b'] } })
    expect(outcome).toEqual({
      kind: 'failed',
      reason: 'Nothing was scanned: the exclusion "/srv/a\\x00b" holds a NUL, which no path can.',
      report: null,
    })
    expect(readFiles).toEqual([])
  })

  it('of the machine are told from those of the server', async () => {
    const config = { fullRoots: [folder], exclude: [join(folder, 'two')] }
    const { exclusions } = finished(await scan({ config }))
    expect(exclusions).toContainEqual({
      path: { text: join(folder, 'two') },
      source: 'machine',
      files: 2,
      bytes: expect.any(Number),
    })
  })
})

describe('files with the same content', () => {
  it('are read once, and what is found is told of each of them', async () => {
    const threat = `${eicar()} repeated`
    for (const name of ['one', 'two', 'three']) {
      writeFileSync(join(folder, name, 'threat'), threat)
      writeFileSync(join(folder, name, 'harmless'), 'x'.repeat(threat.length))
    }
    const result = await scan({ clock: shiftedClock(systemClock, '1d') })
    expect(finished(result).coverage).toMatchObject({
      met: { files: 12 },
      scanned: { files: 8 },
      duplicate: { files: 4 },
    })
    expect(readFiles.filter((path) => /threat|harmless/.test(path))).toHaveLength(2)
    expect(foundIn(result).filter((path) => path.endsWith('threat'))).toEqual([
      'one/threat',
      'three/threat',
      'two/threat',
    ])
    const told = result.detections.filter(({ path }) => path.text.endsWith('threat'))
    expect(new Set(told.map(({ sha256 }) => sha256))).toEqual(
      new Set([createHash('sha256').update(threat).digest('hex')]),
    )
  })

  it('are each read while somebody may still be writing to them', async () => {
    for (const name of ['one', 'two', 'three']) writeFileSync(join(folder, name, 'harmless'), 'x'.repeat(99))
    expect(finished(await scan()).coverage.duplicate.files).toBe(0)
    expect(readFiles.filter((path) => path.endsWith('harmless'))).toHaveLength(3)
  })

  it('are left out alike when the engine could not look inside', async () => {
    for (const name of ['one', 'two']) {
      writeFileSync(join(folder, name, 'large'), name === 'one' ? 'a' : 'a')
      truncateSync(join(folder, name, 'large'), 3_000_000)
    }
    const engine = fixture.engine({ maxFileSizeBytes: 2_000_000 })
    const report = finished(await fixture.scan(engine))
    expect(report.coverage.notScanned.tooLarge.files).toBe(2)
  })
})

describe('the list of what was not scanned', () => {
  it('holds every one of them, also beyond the examples of the report', async () => {
    mkdirSync(join(folder, 'excluded'))
    for (let i = 0; i < 250; i++) writeFileSync(join(folder, 'excluded', `f${i}`), 'x'.repeat(i))
    const workDir = join(fixture.folder, 'work')
    const report = finished(await scan({ workDir, settings: { exclusions: [join(folder, 'excluded')] } }))
    expect(report.notScannedSamples).toHaveLength(100)
    const file = readFileSync(join(workDir, 'not-scanned.ndjson.gz'))
    expect(report.notScannedList).toEqual({
      files: 250,
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      isWhole: true,
    })
    const lines = gunzipSync(file).toString().trimEnd().split('\n')
    const listed = lines.map((line) => listLine.Parse(JSON.parse(line)))
    expect(listed).toHaveLength(250)
    expect(listed).toContainEqual({
      reason: 'excluded',
      path: { text: join(folder, 'excluded', 'f249') },
      sizeBytes: 249,
    })
  })

  it('is not made where everything was scanned', async () => {
    expect(finished(await scan()).notScannedList).toBeUndefined()
  })

  it('names what a stop left undone', async () => {
    for (let i = 0; i < 300; i++) writeFileSync(join(folder, 'one', `f${i}`), `file ${i}`)
    const stop = new AbortController()
    const workDir = join(fixture.folder, 'work')
    const hooked = hookEngine(fixture.engine(), {
      afterJudge: (path) => path.endsWith('f20') && stop.abort(),
    })
    const { outcome } = await fixture.scan(hooked, { workDir, signal: stop.signal })
    const { coverage, notScannedList } = outcome.report ?? {}
    expect(outcome.kind).toBe('stopped')
    expect(notScannedList?.files).toBe(coverage?.notScanned.cancelled.files)
  })
})
