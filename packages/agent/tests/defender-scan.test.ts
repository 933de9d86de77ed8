import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, DEFAULT_SCAN_SETTINGS, instantFromMs } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDefenderRefusal } from '../src/scan/defender-refusal.ts'
import { DefenderFixture, type DefenderScanOptions, NORMAL } from './defender-fixture.ts'
import { describeDefenderStops } from './defender-stops.ts'

let defender: DefenderFixture
beforeEach(() => {
  defender = new DefenderFixture()
  defender.behave()
})
afterEach(() => defender[Symbol.dispose]())

const threat = (changes: object = {}) => ({
  ThreatID: 7,
  Resources: [`file:_${join(defender.folder, 'MpCmdRun')}`],
  ThreatStatusID: 3,
  ActionSuccess: true,
  ...changes,
})

describe('a scan with Microsoft Defender', () => {
  it('tells what judged and what it does not tell, and is never called clean', async () => {
    const { outcome } = await defender.scan()
    expect(outcome).toMatchObject({
      kind: 'finished',
      report: {
        coverage: null,
        detections: 0,
        engine: {
          name: 'Microsoft Defender',
          version: '4.18.24090.11',
          limits: null,
          signatures: { official: true, version: '1.421.12.0', builtAt: '2023-11-14T22:13:20Z' },
        },
      },
    })
    if (outcome.report === null) throw new Error('there is no report')
    expect(conclude(outcome.report, instantFromMs(1_700_000_000_000)).word).toBe('nothingFound')
  })

  it('is made by the scan type of Defender, and of each path by itself', async () => {
    await defender.scan({ scanType: 'Quick' })
    await defender.scan({ scanType: 'Full' })
    await defender.scan({ scanType: 'Custom', paths: ['/srv/a b', '/srv/"; calc'] })
    expect(defender.calls).toEqual([
      '-Scan -ScanType 1',
      '-Scan -ScanType 2',
      '-Scan -ScanType 3 -File /srv/a b',
      '-Scan -ScanType 3 -File /srv/"; calc',
    ])
  })

  it('tells what Defender found, and what became of it', async () => {
    const gone = threat({ Resources: ['regkey:_HKCU@x'], ActionSuccess: false })
    defender.behave({ scan: { code: 2, found: [threat(), gone] } })
    const { outcome, detections } = await defender.scan()
    expect(outcome).toMatchObject({ kind: 'finished', report: { detections: 2 } })
    expect(detections).toMatchObject([
      {
        threatName: 'Virus:DOS/EICAR_Test_File',
        path: { text: join(defender.folder, 'MpCmdRun') },
        disposition: 'quarantined',
      },
      { path: { text: 'regkey:_HKCU@x' }, sizeBytes: 0, disposition: 'reported' },
    ])
    expect(detections[0]?.sizeBytes).toBeGreaterThan(0)
  })

  it('has failed when the exit code says that something went wrong and nothing was found', async () => {
    defender.behave({ scan: { code: 2 } })
    expect((await defender.scan()).outcome).toMatchObject({
      kind: 'failed',
      reason: /code 2.*may not have run/,
    })
  })

  it('has failed with the number that Defender gives, and still tells what was found', async () => {
    defender.behave({ scan: { code: 2, says: 'CmdTool: Failed with hr = 0x80508023.', found: [threat()] } })
    const { outcome, detections } = await defender.scan()
    expect(outcome).toMatchObject({ kind: 'failed', reason: /0x80508023/, report: { detections: 1 } })
    expect(detections).toHaveLength(1)
  })

  it('has failed, without a report, when nobody can tell what was found', async () => {
    defender.behave({ detections: 'Get-MpThreatDetection : Access denied' })
    expect((await defender.scan()).outcome).toMatchObject({
      kind: 'failed',
      report: null,
      reason: /does not tell what/,
    })
  })

  it.each([
    ['is not running', JSON.stringify({ ...NORMAL, AMRunningMode: 'Not running' }), /not running/],
    [
      'is in a mode that nobody knows',
      JSON.stringify({ ...NORMAL, AMRunningMode: 'Turbo' }),
      /does not tell its state/,
    ],
    ['gives no answer to read', 'Get-MpComputerStatus : Invalid class', /does not tell its state/],
  ])('is not begun when Defender %s', async (_what, status, reason) => {
    defender.behave({ status })
    expect((await defender.scan()).outcome).toMatchObject({ kind: 'failed', reason, report: null })
    expect(defender.calls).toEqual([])
  })

  it.each(['Passive Mode', 'EDR Block Mode', 'SxS Passive Mode'])(
    'says what it means in %s',
    async (AMRunningMode) => {
      defender.behave({ status: JSON.stringify({ ...NORMAL, AMRunningMode }) })
      const { outcome } = await defender.scan()
      expect(outcome.report?.engine.untold?.at(-1)).toMatch(/remediate/)
    },
  )

  it.each([
    ['a path that may be scanned alone', { config: { allowedPaths: ['/srv'] } }],
    ['a place that is not to be opened', { config: { exclude: ['/srv'] } }],
    ['a ceiling for the CPU', { config: { cpuCeilingPercent: 20 } }],
    ['an exclusion by the server', { settings: { ...DEFAULT_SCAN_SETTINGS, exclusions: ['/srv'] } }],
    ['a path of another system', { scanType: 'Custom', paths: ['C:\\x'] }],
  ] satisfies [string, DefenderScanOptions][])(
    'is not begun with %s, which Defender would not keep to',
    async (_what, options) => {
      expect((await defender.scan(options)).outcome).toMatchObject({
        kind: 'failed',
        reason: /^Nothing was scanned/,
      })
      expect(defender.calls).toEqual([])
    },
  )
})

describeDefenderStops('Microsoft Defender on Windows', () => {
  const fixture = new DefenderFixture()
  fixture.behave()
  return fixture
})

describe('a scan with Microsoft Defender that was interrupted or cancelled', () => {
  it('tells what was found until then', async () => {
    defender.behave({ scan: { code: 2, lasts: 'untilCancelled', found: [threat()] } })
    const stop = new AbortController()
    const result = defender.scan({ signal: stop.signal })
    await until(() => defender.isScanning, 'Defender scans')
    stop.abort()
    expect((await result).detections).toHaveLength(1)
    expect(defender.calls.at(-1)).toBe('-Scan -Cancel')
  })

  it('counts what an earlier attempt found that nobody lived to hear of', async () => {
    defender.behave({
      detections: JSON.stringify([threat({ InitialDetectionTime: '/Date(1700000000500)/' })]),
    })
    expect((await defender.scan({ attempt: 2 })).detections).toHaveLength(0)
    writeFileSync(join(defender.folder, 'work', 'defender-past'), '{"atMs":1700000000000,"known":[]}')
    expect((await defender.scan({ attempt: 2 })).detections).toHaveLength(1)
  })
})

describe('an update of Microsoft Defender on Windows', () => {
  it('names the version that it brought, or says that there was none', async () => {
    const newer = JSON.stringify({ ...NORMAL, AntivirusSignatureVersion: '1.422.1.0' })
    defender.behave({ update: { code: 0, status: newer } })
    expect(await defender.engine().updateSignatures()).toEqual({ kind: 'updated', databases: ['1.422.1.0'] })
    expect(defender.calls).toEqual(['-SignatureUpdate'])
    defender.behave()
    expect(await defender.engine().updateSignatures()).toEqual({ kind: 'current' })
  })

  it('gives the number where it fails', async () => {
    defender.behave({ update: { code: 2 } })
    expect(await defender.engine().updateSignatures()).toEqual({
      kind: 'failed',
      sentence: 'Microsoft Defender did not update itself: MpCmdRun.exe ended with code 2.',
    })
  })
})

describe('a path that Microsoft Defender is to scan', () => {
  const refusal = (path: string) =>
    findDefenderRefusal({ scanType: 'Custom', paths: [path], settings: DEFAULT_SCAN_SETTINGS }, {}, 'win32')

  it.each(['C:\\Users', 'd:/Mail', 'C:\\a b; calc', 'C:\\é\u{1f600}'])(
    'may be on a drive of Windows: %s',
    (path) => {
      expect(refusal(path)).toBeUndefined()
    },
  )

  it.each([
    '\\\\server\\share',
    '\\\\?\\C:\\a',
    'C:a',
    'C:\\*.exe',
    'C:\\a:stream',
    'C:\\\ud83d',
    '/etc',
    'C:\\a\nb',
  ])('is none of a Windows machine: %j', (path) => {
    expect(refusal(path)).toMatch(/^Nothing was scanned: the path ".*" is none of this machine\.$/)
  })
})
