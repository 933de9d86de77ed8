// https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan
import type { Inventory } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer, refusalOf } from './api-server.ts'

/** What docs/api.md shows as a table, in its order. */
const SUPPORTED: [string, Partial<Inventory>][] = [
  ['Windows 10 1709', windows('Windows10', 16_299)],
  ['Windows 10 22H2', windows('Windows10', 19_045)],
  ['Windows 10 of an unknown build', windows('Windows10')],
  ['Windows 11', windows('Windows11', 22_000)],
  ['Windows Server 2019', windows('WindowsServer2019', 17_763)],
  ['Windows Server 2022', windows('WindowsServer2022', 20_348)],
  ['Windows Server 2025', windows('WindowsServer2025', 26_100)],
  ['macOS', { osKind: 'macos', osPlatform: 'macOS', osVersion: '26.1' }],
  ['Linux', { osKind: 'linux', osPlatform: 'Ubuntu', osVersion: '24.04' }],
  ['Linux with an engine without signatures', { engine: engine('noSignatures') }],
  ['a Windows that nobody has heard of', windows('WindowsNext')],
  ['an operating system that is not known yet', windows('')],
]

const needsWindows10 = (osBuild: number) =>
  `RunAntiVirusScan is not supported on Windows10 of build ${osBuild}; it needs build 16299 (version 1709) or newer`
const NEEDS_ENGINE =
  'RunAntiVirusScan needs an antivirus engine of any version, and the machine has none: install one'

const DEFENDER: Inventory['engine'] = {
  name: 'Microsoft Defender',
  version: null,
  state: 'missing',
  signatures: null,
}

const REFUSED: [string, Partial<Inventory>, string, string][] = [
  ['Windows 10 1703', windows('Windows10', 15_063), 'OsPlatformNotSupported', needsWindows10(15_063)],
  ['Windows 10 1507', windows('Windows10', 10_240), 'OsPlatformNotSupported', needsWindows10(10_240)],
  ['Windows 7', windows('Windows7'), 'OsPlatformNotSupported', notOn('Windows7')],
  ['Windows 8.1', windows('Windows8.1'), 'OsPlatformNotSupported', notOn('Windows8.1')],
  ['Windows Server 2016', windows('WindowsServer2016'), 'OsPlatformNotSupported', notOn('WindowsServer2016')],
  [
    'Windows Server 2012 R2',
    windows('WindowsServer2012R2'),
    'OsPlatformNotSupported',
    notOn('WindowsServer2012R2'),
  ],
  ['Linux without an engine', { engine: engine('missing') }, 'ClientVersionNotSupported', NEEDS_ENGINE],
  [
    'macOS without an engine',
    { osKind: 'macos', osPlatform: 'macOS', engine: engine('missing') },
    'ClientVersionNotSupported',
    NEEDS_ENGINE,
  ],
  [
    'a Defender that does not run',
    { ...windows('Windows11'), engine: { ...DEFENDER, version: '4.18.24090.11', mode: 'Not running' } },
    'ClientVersionNotSupported',
    'RunAntiVirusScan needs an antivirus engine of any version, and Microsoft Defender is not running on the machine: turn it on',
  ],
  [
    'a Defender without a licence',
    { engine: { ...DEFENDER, version: '101.23062.0010', mode: 'Normal' } },
    'ClientVersionNotSupported',
    'RunAntiVirusScan needs an antivirus engine of any version, and Microsoft Defender 101.23062.0010 cannot scan there',
  ],
  [
    'Windows Server 2016 without an engine',
    { ...windows('WindowsServer2016'), engine: engine('missing') },
    'OsPlatformNotSupported',
    notOn('WindowsServer2016'),
  ],
]

describe('a scan by platform', () => {
  let api: ApiServer
  let ask: ApiCaller
  let machines = 0

  beforeAll(async () => {
    api = await ApiServer.start()
    ask = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const scan = async (given: Partial<Inventory>) => {
    machines += 1
    const id = await api.machine(machines, given)
    const body = { Comment: 'Check machine for viruses due to alert 3212', ScanType: 'Full' }
    return ask(`POST /api/machines/${id}/runAntiVirusScan`, { body })
  }
  const actions = async () => Number((await ask('GET /api/machineactions/$count')).text)

  it.each(SUPPORTED)('is taken for %s', async (_, given) => {
    const answer = await scan(given)
    expect(answer.status).toBe(201)
    expect(answer.json()).toMatchObject({ status: 'Pending' })
  })

  it.each(REFUSED)('is refused for %s, and leaves nothing behind', async (_, given, code, message) => {
    const before = await actions()
    expect(refusalOf(await scan(given))).toEqual({ status: 400, code, message })
    expect(await actions()).toBe(before)
  })
})

function windows(osPlatform: string, osBuild: number | null = null): Partial<Inventory> {
  return { osKind: 'windows', osPlatform, osBuild }
}

function engine(state: 'missing' | 'noSignatures'): Inventory['engine'] {
  return { name: state === 'missing' ? 'none' : 'ClamAV', version: null, state, signatures: null }
}

function notOn(osPlatform: string): string {
  return `RunAntiVirusScan is not supported on ${osPlatform}`
}
