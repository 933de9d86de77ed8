import { cpSync, existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, instantFromMs } from '@fleetsweep/protocol'
import { eicar, shiftedClock, tool, until, zip } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askClamd } from '../src/engines/clamav/ask-clamd.ts'
import { SupervisedProcess } from '../src/engines/clamav/supervised-process.ts'
import { createExistingClamAvEngine, type OwnEngine } from '../src/engines/index.ts'
import { identifyProcess } from '../src/os/process-identity.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const TELLS_ALL = { AlertExceedsMax: 'yes', AlertEncrypted: 'yes' }

describe('a clamd that runs on the machine already', () => {
  let fixture: ClamAvFixture
  let databaseDir: string
  let configFile: string
  let socketPath: string
  let clamd: SupervisedProcess | undefined

  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    databaseDir = join(fixture.folder, 'signatures')
    configFile = join(fixture.folder, 'clamd.conf')
    socketPath = join(fixture.folder, 'clamd.ctl')
    cpSync(tool('signatures').path, databaseDir, { recursive: true })
    writeFileSync(join(fixture.files, 'clean'), 'clean')
    writeFileSync(join(fixture.files, 'eicar'), eicar())
  })
  afterEach(async () => {
    await clamd?.kill()
    clamd = undefined
    await fixture[Symbol.asyncDispose]()
  })

  /** Starts one as an administrator would. */
  async function startClamd(settings: Record<string, string | number> = TELLS_ALL): Promise<OwnEngine> {
    const { path, env } = tool('clamd')
    const lines = {
      LocalSocket: socketPath,
      DatabaseDirectory: databaseDir,
      Foreground: 'yes',
      MaxThreads: 2,
      ...settings,
    }
    writeFileSync(
      configFile,
      Object.entries(lines)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
    )
    clamd = await SupervisedProcess.start({
      command: path,
      args: [`--config-file=${configFile}`],
      env: { PATH: process.env.PATH, ...env },
    })
    await until(
      () => askClamd(socketPath, 'PING', { timeoutMs: 1_000, clock: systemClock }).catch(() => undefined),
      'clamd answers',
    )
    return existing()
  }

  const existing = () => createExistingClamAvEngine({ configFile }, { clock: systemClock })

  it('is asked about every file each time: nobody knows what it did since the last scan', async () => {
    const engine = await startClamd()
    const ledger = join(fixture.folder, 'ledger')
    const later = { ledger, clock: shiftedClock(systemClock, '1d') }
    await fixture.scan(engine, later)
    expect(finished(await fixture.scan(engine, later)).coverage.unchanged.files).toBe(0)
    expect(existsSync(ledger)).toBe(false)
  })

  it('judges the files, within its own limits, which the report tells', async () => {
    const engine = await startClamd({ ...TELLS_ALL, MaxFileSize: '2M', MaxScanSize: '8M' })
    writeFileSync(join(fixture.files, 'large'), eicar())
    truncateSync(join(fixture.files, 'large'), 3_000_000)
    const result = await fixture.scan(engine)
    const report = finished(result)
    expect(result.detections.map(({ path }) => path.text)).toEqual([join(fixture.files, 'eicar')])
    expect(report.engine.limits).toMatchObject({ maxFileSizeBytes: 2_097_152, maxScanSizeBytes: 8_388_608 })
    expect(report.coverage).toMatchObject({
      scanned: { files: 2 },
      notScanned: { tooLarge: { files: 1 } },
    })
  })

  it('is neither ended with the agent nor by a stop, which waits until it has nothing of ours in hand', async () => {
    const engine = await startClamd()
    writeFileSync(join(fixture.files, 'huge'), '')
    truncateSync(join(fixture.files, 'huge'), 90_000_000)
    const stop = new AbortController()
    const hooked = hookEngine(engine, {
      beforeJudge: (path) => {
        if (path.endsWith('huge')) setTimeout(() => stop.abort(), 50)
      },
    })
    const { outcome } = await fixture.scan(hooked, { signal: stop.signal })
    expect(outcome).toMatchObject({ kind: 'stopped', proof: 'queueEmpty' })
    await engine[Symbol.asyncDispose]()
    const pid = clamd?.pid ?? 0
    expect(identifyProcess(pid)).toBeDefined()
    expect(await askClamd(socketPath, 'PING', { timeoutMs: 5_000, clock: systemClock })).toBe('PONG')
  })

  it('that does not tell what it left out never lets anything be called clean', async () => {
    const engine = await startClamd({ AlertExceedsMax: 'no', MaxFiles: 3 })
    const entries = Array.from({ length: 10 }, (_, i) => ({ name: `${i}`, content: Buffer.from(`${i}`) }))
    writeFileSync(join(fixture.files, 'many.zip'), zip(entries))
    const report = finished(await fixture.scan(engine, { config: { fullRoots: [fixture.files] } }))
    expect(report.engine.untold).toEqual(
      expect.arrayContaining([
        expect.stringContaining('AlertExceedsMax'),
        expect.stringContaining('AlertEncrypted'),
      ]),
    )
    const signatures = { ...report.engine.signatures, official: true, builtAt: '2026-11-23T00:00:00Z' }
    const whole = { ...report, detections: 0, cuts: [], engine: { ...report.engine, signatures } }
    const { word, sentence } = conclude(whole, instantFromMs(Date.parse('2026-11-24T00:00:00Z')))
    expect(word).toBe('nothingFound')
    expect(sentence).toContain('the engine does not tell all that it left out')
  })

  it('whose signatures are changed in mid-scan fails the scan: nobody knows which set judged what', async () => {
    const engine = await startClamd()
    const ledger = join(fixture.folder, 'ledger')
    const hooked = hookEngine(engine, {
      afterJudge: () => writeFileSync(join(databaseDir, 'more.hdb'), `${'0'.repeat(32)}:77:One-More\n`),
    })
    const { outcome } = await fixture.scan(hooked, { ledger })
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('were changed while it scanned'),
    })
    const again = finished(await fixture.scan(existing(), { ledger }))
    expect(again.coverage.unchanged.files).toBe(0)
  })

  it('that is blind is not believed', async () => {
    mkdirSync(join(fixture.folder, 'other'))
    writeFileSync(join(fixture.folder, 'other', 'x.hdb'), `${'0'.repeat(32)}:77:Other\n`)
    databaseDir = join(fixture.folder, 'other')
    const { outcome } = await fixture.scan(await startClamd())
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('test pattern') })
  })

  it.each([
    ['is not there', () => {}, /cannot be used: ENOENT/],
    ['listens on TCP alone', () => writeFileSync(configFile, 'TCPSocket 3310\n'), /has no LocalSocket/],
    [
      'does not run',
      () => writeFileSync(configFile, `LocalSocket ${socketPath}\nDatabaseDirectory ${databaseDir}\n`),
      /does not answer/,
    ],
  ])('that %s is told in the result', async (_, prepare, reason) => {
    prepare()
    const { outcome } = await fixture.scan(existing())
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringMatching(reason) })
    expect(await existing().inspect()).toMatchObject({ state: 'missing' })
  })

  it('tells what is installed', async () => {
    const engine = await startClamd()
    expect(await engine.inspect()).toMatchObject({ name: 'ClamAV', state: 'ready' })
  })
})

describe('a resident engine', () => {
  it('is there before the first scan, and stays after it', async () => {
    await using fixture = await ClamAvFixture.create()
    writeFileSync(join(fixture.files, 'clean'), 'clean')
    const engine = fixture.engine({ isResident: true, idleMs: 0 })
    await engine.endLeftovers()
    const pid = await until(() => fixture.clamdPid(), 'clamd starts with the agent')
    finished(await fixture.scan(engine))
    expect(fixture.clamdPid()).toBe(pid)
  })
})
