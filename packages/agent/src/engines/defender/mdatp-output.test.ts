import { describe, expect, it } from 'vitest'
import { findMdatp } from './find-mdatp.ts'
import { readMdatpHealth } from './mdatp-health.ts'
import { detectionsOf, newThreats, readMdatpThreats } from './mdatp-threats.ts'

const set = (value: unknown) => ({ displayValue: true, isManaged: false, value })

describe('what mdatp says of its health', () => {
  it('is read from JSON, whose settings are wrapped', () => {
    const health = {
      $type: 'getHealthAllResult',
      appVersion: '101.23062.0010',
      definitionsStatus: { $type: 'upToDate' },
      definitionsUpdated: '1691587153787',
      definitionsVersion: '1.395.30.0',
      engineVersion: '1.1.23070.1002',
      healthIssues: [],
      healthy: true,
      licensed: true,
      passiveModeEnabled: set(true),
      realTimeProtectionEnabled: set(false),
    }
    expect(readMdatpHealth(JSON.stringify(health))).toEqual({
      isLicensed: true,
      issues: [],
      mode: 'Passive Mode',
      version: '101.23062.0010',
      definitions: { version: '1.395.30.0', updatedAtMs: 1_691_587_153_787 },
      isEngineLoaded: true,
    })
  })

  it('is read from lines, whatever stands above them', () => {
    const lines = [
      'ATTENTION: No license found. Contact your administrator for help.',
      'healthy                                     : false',
      'health_issues                               : ["missing license"]',
      'licensed                                    : false',
      'app_version                                 : "101.02.55"',
      'org_id                                      : unavailable',
      'real_time_protection_enabled                : true [managed]',
      'passive_mode_enabled                        : false',
      'definitions_updated                         : Jul 01, 2020 at 12:27:01 PM',
      'definitions_version                         : "1.319.1.0"',
      'engine_load_status                          : "Engine not loaded (AV engine process is down)"',
    ]
    expect(readMdatpHealth(lines.join('\n'))).toEqual({
      isLicensed: false,
      issues: ['missing license'],
      mode: 'Normal',
      version: '101.02.55',
      definitions: { version: '1.319.1.0', updatedAtMs: undefined },
      isEngineLoaded: false,
    })
  })

  it('has no mode where it protects on demand alone, and no definitions where it names none', () => {
    const lines =
      'licensed : true\nhealthy : false\npassive_mode_enabled : false\ndefinitions_version : unavailable'
    expect(readMdatpHealth(lines)).toMatchObject({
      issues: ['it does not say why'],
      mode: undefined,
      definitions: null,
    })
  })

  it.each([[''], ['[]'], ['null'], ['Could not connect to the daemon'], ['{"licensed":"yes"}']])(
    'is not believed where it does not say whether it is licensed: %s',
    (output) => {
      expect(readMdatpHealth(output)).toBeUndefined()
    },
  )
})

describe('the threats that mdatp lists', () => {
  const eicar = {
    threat: { tracking_id: 'a', name: 'Virus:DOS/EICAR_Test_File', type: 'virus', file: { path: '/srv/e' } },
    history: [
      { key: '1700000000900', value: 'quarantined' },
      { key: '1700000000100', value: 'detected' },
    ],
  }
  const inScans = (...threats: object[]) => JSON.stringify({ threats: { scans: [{ threats }] } })

  it('are those of all its scans, with their places and what became of them last', () => {
    const [threat] = readMdatpThreats(inScans(eicar)) ?? []
    expect(threat).toMatchObject({ status: 'quarantined', paths: ['/srv/e'] })
    expect(threat && detectionsOf(threat)).toEqual([
      {
        threatName: 'Virus:DOS/EICAR_Test_File',
        path: '/srv/e',
        innerPath: null,
        isFile: true,
        quarantined: true,
      },
    ])
  })

  it('are read from lines as well, and then have no place', () => {
    const [first, second] =
      readMdatpThreats(
        'Id: "1f0b"\nName: EICAR-Test-File (not a virus)\nType: "known_bad"\nDetection time: Apr 30, 2020 at 05:36:10 PM\nStatus: "quarantined"\n' +
          'Id: "2f0b"\nName: Trojan\nStatus: "detected"\n',
      ) ?? []
    expect(first).toMatchObject({ name: 'EICAR-Test-File (not a virus)', status: 'quarantined', paths: [] })
    expect(second && detectionsOf(second)).toMatchObject([{ isFile: false, quarantined: false }])
    expect(readMdatpThreats('No threats\n')).toEqual([])
    const blanks = ' '.repeat(100_000)
    expect(readMdatpThreats(`Id: "1"\nName: a${blanks}b${blanks}\n${blanks}x\n`)).toMatchObject([
      { name: `a${blanks}b` },
    ])
  })

  it('are new by what they say, each as often more as it stands there', () => {
    const before = (readMdatpThreats(inScans(eicar)) ?? []).map(({ digest }) => digest)
    const after = (...threats: object[]) => newThreats(before, readMdatpThreats(inScans(...threats)) ?? [])
    expect(after(eicar)).toHaveLength(0)
    expect(after({ history: eicar.history, threat: eicar.threat })).toHaveLength(0)
    expect(after(eicar, eicar)).toHaveLength(1)
    expect(after({ ...eicar, history: [{ key: '1', value: 'detected' }] })).toHaveLength(1)
  })

  it.each([
    [''],
    ['{}'],
    ['7'],
    ['{"threats":{"scans":{}}}'],
    ['{"threats":[{"threat":{}}]}'],
    ['{"threats":[1]}'],
    ['Error: daemon'],
    ['Id: 7\n'],
  ])('are not "none" where they cannot be read: %s', (output) => {
    expect(readMdatpThreats(output)).toBeUndefined()
  })
})

describe('the program mdatp', () => {
  it('is the one of the package before a link to it, and never looked for on other systems', () => {
    const link = '/usr/bin/mdatp'
    expect(findMdatp('linux', () => true)).toBe('/opt/microsoft/mdatp/sbin/wdavdaemonclient')
    expect(findMdatp('linux', (path) => path === link)).toBe(link)
    expect(findMdatp('linux', () => false)).toBe(link)
    expect(findMdatp('win32', () => true)).toBeUndefined()
  })
})
