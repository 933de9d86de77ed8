import { DEFENDER_MODES } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { parsePowerShellList, parsePowerShellMoment } from './decode-output.ts'
import { parseRunningMode, SCAN_ABILITY } from './running-mode.ts'
import { readThreatPlaces } from './threat-resource.ts'

const utf16le = (text: string) => Buffer.from(text, 'utf16le')

describe('reading what PowerShell wrote', () => {
  it.each([
    ['UTF-8', Buffer.from('{"a":"é"}')],
    ['UTF-8 with a mark', Buffer.from('\ufeff{"a":"é"}')],
    ['UTF-16 with a mark', utf16le('\ufeff{"a":"é"}\r\n')],
    ['UTF-16 of the other order', utf16le('\ufeff{"a":"é"}').swap16()],
    ['UTF-16 without a mark', utf16le('{"a":"é"}')],
  ])('takes one bare object in %s for a list of one', (_encoding, output) => {
    expect(parsePowerShellList(output)).toEqual([{ a: 'é' }])
  })

  it('takes an array for a list, and no output for an empty one', () => {
    expect(parsePowerShellList(Buffer.from('[1,2]'))).toEqual([1, 2])
    expect(parsePowerShellList(Buffer.from('\r\n'))).toEqual([])
    expect(parsePowerShellList(Buffer.from('null'))).toEqual([])
  })

  it('never takes output that is no JSON for "nothing there"', () => {
    expect(parsePowerShellList(Buffer.from('Get-MpThreat : Invalid class'))).toBeUndefined()
    expect(parsePowerShellList(Buffer.from('[{"a":'))).toBeUndefined()
  })

  it.each([
    ['/Date(1700000000000)/', 1_700_000_000_000],
    ['/Date(1700000000000+0200)/', 1_700_000_000_000],
    ['2023-11-14T22:13:20.0000000Z', 1_700_000_000_000],
    ['2023-11-15T00:13:20+02:00', 1_700_000_000_000],
  ])('reads the moment %s', (text, ms) => {
    expect(parsePowerShellMoment(text)).toBe(ms)
  })

  it.each([
    '/Date(-11644473600000)/',
    '1600-12-31T16:00:00Z',
    '2023-11-14T22:13:20',
    '6/4/2024 8:06:27 AM',
    '/Date(9999999999999999)/',
    '2023-13-14T22:13:20Z',
    '',
  ])('takes %j for no moment', (text) => {
    expect(parsePowerShellMoment(text)).toBeUndefined()
  })
})

describe('the running mode of Microsoft Defender', () => {
  it('is known by its words, with or without "Mode"', () => {
    expect(DEFENDER_MODES.map(parseRunningMode)).toEqual([...DEFENDER_MODES])
    expect(parseRunningMode('Passive')).toBe('Passive Mode')
    expect(parseRunningMode('Sxs Passive')).toBe('SxS Passive Mode')
    expect(parseRunningMode('Turbo Mode')).toBeUndefined()
  })

  it('lets every mode scan but the one that does not run, and only the normal one remediate', () => {
    expect(DEFENDER_MODES.filter((mode) => !SCAN_ABILITY[mode].scans)).toEqual(['Not running'])
    const remediating = DEFENDER_MODES.filter((mode) => {
      const ability = SCAN_ABILITY[mode]
      return ability.scans && ability.remediates
    })
    expect(remediating).toEqual(['Normal'])
  })
})

describe('the resources in which Microsoft Defender found a threat', () => {
  it('are files, or files inside archives, however deep', () => {
    expect(readThreatPlaces(['file:_C:\\a b.exe', 'file:_C:\\a.zip->in/b.zip->c.exe'])).toEqual([
      { path: 'C:\\a b.exe', innerPath: null, isFile: true },
      { path: 'C:\\a.zip', innerPath: 'in/b.zip->c.exe', isFile: true },
    ])
  })

  it('name an archive once, whether or not what is in it is named too', () => {
    const archive = { path: 'C:\\a.zip', innerPath: null, isFile: true }
    expect(readThreatPlaces(['containerfile:_C:\\a.zip'])).toEqual([archive])
    expect(readThreatPlaces(['containerfile:_C:\\a.zip', 'file:_C:\\a.zip->b'])).toEqual([
      { ...archive, innerPath: 'b' },
    ])
  })

  it.each(['process:_pid:4,ProcessStart:1', 'regkey:_HKLM@x', 'file:_'])(
    'count without a file as %j',
    (resource) => {
      expect(readThreatPlaces([resource])).toEqual([{ path: resource, innerPath: null, isFile: false }])
    },
  )

  it('count as one place where none is named', () => {
    expect(readThreatPlaces([])).toMatchObject([{ isFile: false }])
  })
})
