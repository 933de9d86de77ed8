import { conclude, instantFromMs } from '@fleetsweep/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeDefenderStops } from './defender-stops.ts'
import { type MdatpBehaviour, MdatpFixture, PASSIVE } from './mdatp-fixture.ts'

let mdatp: MdatpFixture
beforeEach(() => {
  mdatp = new MdatpFixture()
})
afterEach(() => mdatp[Symbol.dispose]())

const threat = (status = 'quarantined') => ({
  threat: { tracking_id: 'a', name: 'Virus:DOS/EICAR_Test_File', type: 'virus', path: mdatp.program },
  history: [
    { key: '1700000000100', value: 'detected' },
    { key: '1700000000900', value: status },
  ],
})

describe('a scan with mdatp', () => {
  it('tells what judged and what it does not tell, and is never called clean', async () => {
    const { outcome } = await mdatp.scan()
    expect(outcome).toMatchObject({
      kind: 'finished',
      report: {
        coverage: null,
        detections: 0,
        engine: {
          name: 'Microsoft Defender',
          version: '101.23062.0010',
          signatures: { official: true, version: '1.395.30.0', builtAt: '2023-11-14T22:13:20Z' },
        },
      },
    })
    if (outcome.report === null) throw new Error('there is no report')
    expect(conclude(outcome.report, instantFromMs(1_700_000_000_000)).word).toBe('nothingFound')
  })

  it('is made by the scan type of mdatp, and of each path by itself', async () => {
    await mdatp.scan({ scanType: 'Quick' })
    await mdatp.scan({ scanType: 'Full' })
    await mdatp.scan({ scanType: 'Custom', paths: ['/srv/a b', '/srv/"; halt', '/--help'] })
    expect(mdatp.calls.filter((call) => call.startsWith('scan'))).toEqual([
      'scan quick',
      'scan full',
      'scan custom --path /srv/a b',
      'scan custom --path /srv/"; halt',
      'scan custom --path /--help',
    ])
  })

  it('tells what mdatp found that it had not found before', async () => {
    mdatp.history([threat()])
    mdatp.behave({ scan: { code: 0, finds: [threat(), threat('detected')] } })
    const { outcome, detections } = await mdatp.scan()
    expect(outcome).toMatchObject({ kind: 'finished', report: { detections: 2 } })
    expect(detections).toMatchObject([
      { path: { text: mdatp.program }, disposition: 'quarantined' },
      { threatName: 'Virus:DOS/EICAR_Test_File', disposition: 'reported' },
    ])
    expect(detections[0]?.sizeBytes).toBeGreaterThan(0)
  })

  it('works with a version that writes no JSON', async () => {
    mdatp.behave({ knowsJson: false, scan: { code: 0, finds: [threat()] } })
    const { outcome, detections } = await mdatp.scan()
    expect(outcome).toMatchObject({ kind: 'finished', report: { engine: { version: '101.23062.0010' } } })
    expect(detections).toMatchObject([{ disposition: 'quarantined', sizeBytes: 0 }])
  })

  it('counts what an earlier attempt found that nobody lived to hear of', async () => {
    mdatp.behave({ scan: { code: 1, says: 'Error: engine crashed' } })
    expect((await mdatp.scan()).outcome.kind).toBe('failed')
    mdatp.history([threat()])
    mdatp.behave()
    expect((await mdatp.scan({ attempt: 2 })).detections).toHaveLength(1)
  })

  it.each([
    [
      'that it finds in files, and its list does not name',
      '3 threat(s) detected',
      /detected 3 threats.*names 0/,
    ],
    ['that somebody cancelled it', 'Scan has been cancelled', /somebody cancelled/],
    ['that it has no licence', 'ATTENTION: No license found.\nScan has finished', /no licence/],
  ])('has failed when mdatp says %s', async (_what, says, reason) => {
    mdatp.behave({ scan: { code: 0, says } })
    expect((await mdatp.scan()).outcome).toMatchObject({ kind: 'failed', reason, report: { detections: 0 } })
  })

  it('has failed in the words of mdatp, cut to a line, and still tells what was found', async () => {
    const says = `Error: \u001b[31mscan\n was not started${'!'.repeat(500)}`
    mdatp.behave({ scan: { code: 70, says, finds: [threat()] } })
    const { outcome, detections } = await mdatp.scan()
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: /ended with code 70: "Error: \[31mscan was not started!{1,200}…"$/,
    })
    expect(detections).toHaveLength(1)
  })

  it.each([
    ['is not licensed', { health: { licensed: false, healthy: false } }, /no licence on this machine/],
    ['has no definitions', { health: { definitionsVersion: '' } }, /mdatp definitions update/],
    [
      'has not loaded its engine',
      { health: { engineLoadStatus: 'Engine not loaded' } },
      /not loaded its engine/,
    ],
    [
      'does not run',
      { garbage: { health: { code: 1, says: 'Could not connect to the daemon' } } },
      /not running.*"Could not connect to the daemon"/,
    ],
    ['gives no answer to read', { garbage: { health: { code: 0, says: '%$§' } } }, /does not tell its state/],
    [
      'has a list that cannot be read',
      { garbage: { threat: { code: 0, says: '{"a":1}' } } },
      /^Nothing was scanned/,
    ],
  ] satisfies [string, Partial<MdatpBehaviour>, RegExp][])(
    'is not begun when mdatp %s',
    async (_what, behaviour, reason) => {
      mdatp.behave(behaviour)
      expect((await mdatp.scan()).outcome).toMatchObject({ kind: 'failed', reason, report: null })
      expect(mdatp.calls.filter((call) => call.startsWith('scan'))).toEqual([])
    },
  )

  it('says that it does not remediate in passive mode, and what mdatp finds wrong with itself', async () => {
    mdatp.behave({ health: { ...PASSIVE, healthy: false, healthIssues: ['no real time protection'] } })
    const { untold } = (await mdatp.scan()).outcome.report?.engine ?? {}
    expect(untold?.at(-2)).toMatch(/passive mode.*does not remediate/)
    expect(untold?.at(-1)).toBe('Microsoft Defender calls itself unhealthy: no real time protection.')
  })
})

describe('the inventory of a machine with mdatp', () => {
  it.each([
    ['protects', {}, { state: 'ready', mode: 'Normal', signatures: { version: '1.395.30.0' } }],
    ['is passive', { health: PASSIVE }, { state: 'ready', mode: 'Passive Mode' }],
    ['has no licence', { health: { licensed: false } }, { state: 'missing', signatures: null }],
    ['has no definitions', { health: { definitionsVersion: '' } }, { state: 'noSignatures' }],
    [
      'does not run',
      { garbage: { health: { code: 1, says: '' } } },
      { state: 'missing', mode: 'Not running' },
    ],
  ] satisfies [string, Partial<MdatpBehaviour>, object][])(
    'says of one that %s what it can do',
    async (_what, behaviour, engine) => {
      mdatp.behave(behaviour)
      expect(await mdatp.engine().inspect()).toMatchObject({ name: 'Microsoft Defender', ...engine })
    },
  )

  it('names no mode where there is no program', async () => {
    mdatp[Symbol.dispose]()
    expect(await mdatp.engine().inspect()).toEqual({
      name: 'Microsoft Defender',
      version: null,
      state: 'missing',
      signatures: null,
    })
  })
})

describeDefenderStops('mdatp', () => new MdatpFixture())

it('is by its own command that mdatp is asked to stop', async () => {
  await mdatp.engine().cancelScan()
  expect(mdatp.calls).toEqual(['scan cancel'])
})

describe('updating the definitions of mdatp', () => {
  it.each([
    [
      'names their version when it is another',
      { health: { newest: '1.396.1.0' } },
      { kind: 'updated', databases: ['1.396.1.0'] },
    ],
    ['says that they were current', {}, { kind: 'current' }],
    [
      'gives the words of mdatp when it failed',
      { garbage: { definitions: { code: 1, says: 'Error: no network' } } },
      { kind: 'failed', sentence: 'Microsoft Defender did not update itself: "Error: no network"' },
    ],
  ] satisfies [string, Partial<MdatpBehaviour>, object][])('%s', async (_what, behaviour, outcome) => {
    mdatp.behave(behaviour)
    expect(await mdatp.engine().updateSignatures()).toEqual(outcome)
  })
})
