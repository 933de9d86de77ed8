import {
  buildCoverage,
  buildDetection,
  buildDeviceAvInfo,
  buildEngine,
  buildFileEvidence,
  buildProgress,
  buildReport,
  FakeServer,
} from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliTestIo } from './cli-test-io.ts'

let server: FakeServer
let io: CliTestIo

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo(server)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('fleetsweep scan', () => {
  it('asks machines by id and by name, with a comment', async () => {
    const first = server.addMachine()
    server.addMachine({ computerDnsName: 'lab-02' })
    expect(await io.run(`scan ${first.id} lab-02 --type FULL --comment because`)).toBe(0)
    expect([...server.actions.values()].map((one) => [one.scope, one.requestorComment])).toEqual([
      ['Full', 'because'],
      ['Full', 'because'],
    ])
    expect(io.stdout).toContain('lab-02')
    expect(io.stderr).toBe('')
  })

  it('goes on after a machine that is out of reach, says so and fails', async () => {
    server.addMachine({ computerDnsName: 'lab-02' })
    expect(await io.run('scan lab-07 lab-02 --json')).toBe(1)
    expect(io.stderr).toContain('No machine "lab-07" within your reach')
    expect(io.stderr).toContain('fleetsweep machines')
    expect(io.json()).toMatchObject([{ computerDnsName: 'lab-02', status: 'Pending', scope: 'Quick' }])
  })

  it('says what to do about a scan that is already active', async () => {
    const machine = server.addMachine()
    expect(await io.run(`scan ${machine.id}`)).toBe(0)
    expect(await io.run(`scan ${machine.id} --type full`)).toBe(1)
    expect(io.stderr).toContain('ActiveRequestAlreadyExists')
    expect(io.stderr).toContain('fleetsweep cancel <action>')
  })

  it('waits for the end, shows how far it is and prints the report', async () => {
    const machine = server.addMachine()
    const code = io.run(`scan ${machine.id} --wait`)
    await server.until(({ streams }) => streams > 0)
    const [action] = [...server.actions.values()]
    if (!action) throw new Error('no action')
    server.move(action.id, { status: 'InProgress' })
    server.progress(action.id, buildProgress())
    const detections = [buildDetection({ actionId: action.id })]
    server.succeed(action.id, buildReport({ detections: 1 }), detections)
    expect(await code).toBe(0)
    expect(io.stderr).toContain('[########············]  40.0 %  480 of 1,200 files')
    expect(io.stdout).toContain('Threats found: 1 detection')
    expect(io.stdout).toContain('/tmp/eicar.com')
  })

  it('fails when a scan that it waited for did not succeed', async () => {
    const machine = server.addMachine()
    const code = io.run(`scan ${machine.id} --wait`)
    await server.until(({ streams }) => streams > 0)
    for (const { id } of server.actions.values()) server.move(id, { status: 'Failed' })
    expect(await code).toBe(1)
    expect(io.stdout).toContain('No conclusion: the machine sent no report.')
  })

  it('says how it ended to whoever may not read its report', async () => {
    const machine = server.addMachine()
    const detail = 'This needs a role with the permission Scan.Read.All'
    const problem = {
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail,
      code: 'Forbidden',
      instance: '1',
    }
    const headers = { 'content-type': 'application/problem+json' }
    server.refuseNext({ path: /^\/fleet\/v1\/scans\//, status: 403, headers, body: JSON.stringify(problem) })
    const code = io.run(`scan ${machine.id} --wait`)
    await server.until(({ streams }) => streams > 0)
    for (const { id } of server.actions.values()) server.succeed(id, buildReport({ detections: 0 }), [])
    expect(await code).toBe(0)
    expect(io.stderr).toContain('not for you: This needs a role with the permission Scan.Read.All')
    expect(io.stdout).toContain('Succeeded')
  })

  it('writes its bars over on a screen', async () => {
    io.isTerminal = true
    const machine = server.addMachine()
    const code = io.run(`scan ${machine.id} --wait`)
    await server.until(({ streams }) => streams > 0)
    for (const { id } of server.actions.values()) {
      server.progress(id, buildProgress())
      server.succeed(id, buildReport())
    }
    await code
    expect(io.stderr).toContain('\u001b[1A\r\u001b[2K')
  })

  it('ends when the person stops waiting, and says that the scan goes on', async () => {
    const machine = server.addMachine()
    const code = io.run(`scan ${machine.id} --wait`)
    await server.until(({ streams }) => streams > 0)
    io.abort.abort()
    expect(await code).toBe(1)
    expect(io.stderr).toContain('Scans go on')
  })

  it('names an option that it does not know, and nothing else', async () => {
    await io.run('scan lab --loud')
    expect(io.stderr).toBe("Unknown option '--loud'.\nHow to use it: fleetsweep scan --help\n")
  })

  it.each(['scan', 'scan lab --type deep', 'scan lab --loud'])('is misused as: %s', async (line) => {
    expect(await io.run(line)).toBe(2)
    expect(io.stderr).toContain('fleetsweep scan --help')
    expect(server.actions.size).toBe(0)
  })
})

describe('fleetsweep antivirus', () => {
  it('shows engine, signatures and the last scans of machines', async () => {
    server.avInfos.push(
      buildDeviceAvInfo({ quickScanResult: 'Completed', quickScanTime: '2026-11-23T08:00:00Z' }),
      buildDeviceAvInfo({ computerDnsName: 'bare', avMode: '2', avIsSignatureUpToDate: 'Unknown' }),
    )
    expect(await io.run('antivirus')).toBe(0)
    expect(io.stdout).toMatch(
      /lab-01\.example +1\.4\.6 +27500 +2026-11-23 08:12:26Z +yes +Completed 2026-11-23 08:00:00Z +never/,
    )
    expect(io.stdout).toMatch(/bare +none .* unknown +never +never/)
  })

  it('shows only machines whose signatures may be out of date when asked for', async () => {
    server.avInfos.push(
      buildDeviceAvInfo({ computerDnsName: 'good' }),
      buildDeviceAvInfo({ computerDnsName: 'old', avIsSignatureUpToDate: 'False' }),
    )
    expect(await io.run('antivirus --outdated --json')).toBe(0)
    expect(io.json()).toMatchObject([{ computerDnsName: 'old' }])
  })

  it('keeps stdout empty when there is nothing to list', async () => {
    expect(await io.run('antivirus --name web')).toBe(0)
    expect(io.stdout).toBe('')
    expect(io.stderr).toBe('No such machines within your reach. See all with: fleetsweep antivirus\n')
  })
})

describe('fleetsweep machines', () => {
  it('lists machines whose name or tag was asked for', async () => {
    server.addMachine({ computerDnsName: 'lab-01', machineTags: ['red'] })
    server.addMachine({ computerDnsName: 'lab-02', machineTags: ['blue'] })
    server.addMachine({ computerDnsName: 'web-01', machineTags: ['red'] })
    expect(await io.run('machines --name lab --tag red')).toBe(0)
    expect(io.stdout).toContain('lab-01')
    expect(io.stdout).not.toMatch(/lab-02|web-01/)
  })

  it('prints names from outside without what could fool a reader', async () => {
    server.addMachine({ computerDnsName: 'evil\u001b[2J\nlab-99' })
    await io.run('machines')
    expect(io.stdout).toContain('evil\\u{1b}[2J\\u{a}lab-99')
  })

  it('keeps stdout empty when there is nothing to list', async () => {
    expect(await io.run('machines')).toBe(0)
    expect(io.stdout).toBe('')
    expect(io.stderr).toContain('tokens create')
  })

  it('does not take machines that were not asked for as none at all', async () => {
    server.addMachine({ computerDnsName: 'lab-02' })
    expect(await io.run('machines --name web')).toBe(0)
    expect(io.stderr).toBe('No such machines within your reach. See all with: fleetsweep machines\n')
  })

  it('prints an empty list for programs', async () => {
    await io.run('machines --json')
    expect(io.json()).toEqual([])
  })

  it('finds machines by address, now or at some time', async () => {
    const machine = server.addMachine({ lastIpAddress: '192.0.2.7' })
    server.addMachine({ lastIpAddress: '192.0.2.8' })
    await io.run('machines find --ip 192.0.2.7 --at 2026-11-23T08:12:26+01:00 --json')
    expect(io.json()).toEqual([machine])
    expect(server.requests.at(-1)).toBe(
      "GET /api/machines/findbyip(ip='192.0.2.7',timestamp=2026-11-23T08%3A12%3A26%2B01%3A00)",
    )
    expect(await io.run('machines find --ip 192.0.2.9')).toBe(0)
    expect(io.stderr).toBe('No machines that had this address then within your reach.\n')
  })

  it('finds machines by tag, whole or by its beginning', async () => {
    const [one, two] = ['lab', 'labour'].map((tag) => server.addMachine({ machineTags: [tag] }))
    await io.run('machines find --tag lab --json')
    expect(io.json()).toEqual([one])
    io.stdout = ''
    await io.run('machines find --tag lab --starts-with --limit 5 --json')
    expect(io.json()).toEqual([one, two])
  })

  it('adds a tag to machines and takes it away, for all of them or none', async () => {
    const [one] = [server.addMachine({ computerDnsName: 'lab-01' }), server.addMachine()]
    expect(await io.run(`machines tag add red lab-01 ${server.machines[1]?.id}`)).toBe(0)
    expect(server.machines.map(({ machineTags }) => machineTags.includes('red'))).toEqual([true, true])
    expect(io.stdout).toContain(one.id)
    expect(await io.run('machines tag remove red lab-01 nowhere')).toBe(1)
    expect(io.stderr).toContain('ResourceNotFound: Machine nowhere was not found')
    expect(server.machines[0]?.machineTags).toContain('red')
    expect(await io.run('machines tag remove red lab-01')).toBe(0)
    expect(server.machines[0]?.machineTags).not.toContain('red')
  })

  it('says how much a machine matters', async () => {
    server.addMachine({ computerDnsName: 'lab-01' })
    await io.run('machines value HIGH lab-01 --json')
    expect(io.json()).toMatchObject([{ deviceValue: 'High' }])
  })

  it.each([
    ['machines find', 'Say what to find machines by: --ip or --tag.'],
    ['machines find --ip 192.0.2.7 --tag lab', 'Say what to find machines by: --ip or --tag.'],
    ['machines find --tag lab --at 2026-11-23', '--at goes with --ip.'],
    ['machines find --ip 192.0.2.7 --starts-with', '--starts-with goes with --tag.'],
    ['machines tag red lab-01', 'Say one of add, remove.'],
    ['machines tag add', 'Say which tag.'],
    ['machines tag add red', 'Say which machines, by id or name.'],
    ['machines value urgent lab-01', 'Say how much it matters: Normal, Low, High.'],
    ['machines value low', 'Say which machine, by id or name.'],
    ['machines value low one two', '"two" is not expected here.'],
    ['machines lab-01', 'Say one of find, tag, value.'],
  ])('is misused by "%s", and says how', async (command, message) => {
    expect(await io.run(command)).toBe(2)
    expect(io.stderr).toContain(message)
  })
})

describe('fleetsweep actions and cancel', () => {
  it('lists those of a status or a machine', async () => {
    const one = server.addAction({ status: 'Failed' })
    server.addAction({ status: 'Pending' })
    await io.run('actions --status failed --json')
    expect(io.json()).toEqual([one])
  })

  it('lists the active ones', async () => {
    server.addAction({ status: 'Succeeded' })
    const active = server.addAction({ status: 'InProgress' })
    await io.run('actions --active --json')
    expect(io.json()).toEqual([active])
  })

  it('shows one', async () => {
    const { id } = server.addAction({ requestorComment: 'alert 3212' })
    expect(await io.run(`actions ${id}`)).toBe(0)
    expect(io.stdout).toMatch(/Comment: +alert 3212/)
  })

  it('cancels one, and says where to see that its machine stopped', async () => {
    const { id } = server.addAction({ status: 'InProgress' })
    expect(await io.run(`cancel ${id} --comment enough`)).toBe(0)
    expect(io.stdout).toContain('Cancelled')
    expect(io.stderr).toContain(`fleetsweep report ${id}`)
    expect(await io.run(`cancel ${id}`)).toBe(1)
    expect(io.stderr).toContain('already ended')
  })

  it.each(['actions --status done', 'actions --limit 0', 'actions a b', 'cancel'])(
    'is misused as: %s',
    async (line) => {
      expect(await io.run(line)).toBe(2)
    },
  )
})

describe('fleetsweep report', () => {
  const ended = { status: 'Succeeded', endedAt: '2026-11-23T08:13:00Z', attempts: 1 } as const

  it('prints a coverage table that adds up', async () => {
    const coverage = buildCoverage({
      scanned: { files: 1_000, bytes: 1_048_576 },
      duplicate: { files: 20, bytes: 20_480 },
      notScanned: { tooLarge: { files: 1, bytes: 1_073_741_824 }, unreadable: { files: 2, bytes: 0 } },
    })
    const { id } = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ coverage }) })
    expect(await io.run(`report ${id}`)).toBe(0)
    const files = [...io.stdout.matchAll(/^(?:scanned|unchanged|same|not scanned).*? {2,}([\d,]+) {2,}/gm)]
    const sum = files.reduce((total, [, count = '']) => total + Number(count.replaceAll(',', '')), 0)
    expect(sum).toBe(1_023)
    expect(io.stdout).toMatch(/met in all +1,023/)
    expect(io.stdout).toContain('Nothing found: nothing found; 3 of 1,023 files not scanned')
  })

  it('tells how far a scan is that goes on', async () => {
    const { id } = server.addAction({ status: 'InProgress' }, { progress: buildProgress() })
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('No conclusion yet: the scan has not ended.')
    expect(io.stdout).toContain('So far: 40.0 %, 480 of 1,200 files')
  })

  it('warns of one that does not add up', async () => {
    const coverage = { ...buildCoverage(), met: { files: 5, bytes: 5 } }
    const { id } = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ coverage }) })
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('do not add up')
  })

  it('says clean of a whole scan with official signatures, and never of test signatures', async () => {
    const clean = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport() })
    await io.run(`report ${clean.id}`)
    expect(io.stdout).toContain('Clean: clean; all 1,200 files scanned')
    const engine = buildEngine({ official: false, version: null, builtAt: null, count: 2 })
    const test = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ engine }) })
    io.stdout = ''
    await io.run(`report ${test.id}`)
    expect(io.stdout).toContain('nothing found by test signatures')
    expect(io.stdout).toContain('test signatures only')
    expect(io.stdout).not.toMatch(/clean[:;]/i)
  })

  it('concludes nothing from a scan that was cancelled, and tells how it stopped', async () => {
    const stop = {
      orderedAt: '2026-11-23T08:12:30Z',
      provenAt: '2026-11-23T08:12:31Z',
      proof: 'processGone',
      stoppedWithinMs: 340,
    } as const
    const { id } = server.addAction(
      { status: 'Cancelled' },
      { ...ended, status: 'Cancelled', report: buildReport(), stop },
    )
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('No conclusion: the scan did not come to its end')
    expect(io.stdout).toContain('Stopped after 0.3 s')
    expect(io.stdout).not.toMatch(/clean[:;]/i)
  })

  it('prints the scan as the server gives it for programs', async () => {
    const { id } = server.addAction()
    await io.run(`report ${id} --json`)
    expect(io.json()).toEqual(server.scans.get(id))
  })
})

describe('fleetsweep detections', () => {
  it('lists those of one machine', async () => {
    const mine = buildDetection({ machineId: 'm', innerPath: { text: 'inner/eicar.txt' } })
    server.addAction({}, { detections: [mine, buildDetection({ threatName: 'Other' })] })
    expect(await io.run('detections --machine m')).toBe(0)
    expect(io.stdout).toContain('/tmp/eicar.com » inner/eicar.txt')
    expect(io.stdout).toContain(mine.sha256)
    expect(io.stdout).not.toContain('Other')
  })

  it('does not call a machine without detections clean', async () => {
    await io.run('detections')
    expect(io.stdout + io.stderr).not.toMatch(/clean/i)
  })
})

describe('fleetsweep alerts', () => {
  it('lists those that were asked for', async () => {
    const machine = server.addMachine({ computerDnsName: 'lab-07' })
    const mine = server.addAlert({ machineId: machine.id, computerDnsName: 'lab-07', severity: 'High' })
    server.addAlert({ machineId: machine.id, severity: 'High', status: 'Resolved' })
    server.addAlert({ machineId: machine.id, severity: 'Low' })
    server.addAlert({ severity: 'High' })
    expect(await io.run('alerts list --open --severity high --machine lab-07')).toBe(0)
    expect(io.stdout).toMatch(new RegExp(`^${mine.id} +High +New +lab-07 +Eicar-Test-Signature `, 'm'))
    expect(io.stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it('gives programs the evidence, too', async () => {
    const alert = server.addAlert({ evidence: [buildFileEvidence()] })
    expect(await io.run('alerts list --json')).toBe(0)
    expect(io.json()).toEqual([alert])
  })

  it('does not call a fleet without alerts clean', async () => {
    expect(await io.run('alerts list')).toBe(0)
    expect(io.stdout + io.stderr).not.toMatch(/clean/i)
  })

  it('shows one, with where its threat is and what people said', async () => {
    const { id } = server.addAlert({
      description: 'A scan found it.\u202e',
      evidence: [buildFileEvidence({ fileName: 'a.com' }), buildFileEvidence({ fileName: 'b.com' })],
      comments: [{ comment: 'Mine\u001b[2J', createdBy: 'ada', createdTime: '2026-11-23T08:12:26.1Z' }],
    })
    expect(await io.run(`alerts show ${id}`)).toBe(0)
    expect(io.stdout).toContain('Description:    A scan found it.\\u{202e}')
    expect(io.stdout).toMatch(/^a\.com +\/tmp +root +.*\n^b\.com /m)
    expect(io.stdout).toContain('2026-11-23 08:12:26Z  ada: Mine\\u{1b}[2J\n')
  })

  it('resolves one, with a comment', async () => {
    const { id } = server.addAlert()
    expect(await io.run(`alerts resolve ${id} --comment Removed`)).toBe(0)
    expect(server.alerts).toMatchObject([{ status: 'Resolved', comments: [{ comment: 'Removed' }] }])
    expect(io.stdout).toMatch(/^Status: +Resolved$/m)
  })

  it('says when there is no such alert', async () => {
    expect(await io.run('alerts resolve da1_1')).toBe(1)
    expect(io.stderr).toContain('Alert da1_1 was not found')
  })

  it.each(['', 'close da1_1', 'show', 'list x', 'list --status closed', 'list --status new --open'])(
    'is misused as: alerts %s',
    async (line) => {
      expect(await io.run(`alerts ${line}`)).toBe(2)
      expect(io.stderr).toContain('fleetsweep alerts --help')
    },
  )
})

describe('fleetsweep tokens', () => {
  it('creates one and puts nothing but the token on stdout', async () => {
    expect(await io.run('tokens create --uses 5 --expires 12h --tag a --tag b --description lab')).toBe(0)
    expect(io.stdout).toMatch(/^fse1\.\S+\n$/)
    expect(server.enrollmentTokens).toMatchObject([{ maxUses: 5, tags: ['a', 'b'], description: 'lab' }])
  })

  it('lists and revokes', async () => {
    await io.run('tokens create --json')
    const { id } = io.json() as { id: string }
    expect(await io.run(`tokens revoke ${id}`)).toBe(0)
    io.stdout = ''
    await io.run('tokens list')
    expect(io.stdout).toMatch(new RegExp(`${id} .*0 of 1 .*20\\d\\d-.* 20\\d\\d-`))
  })

  it.each([
    'tokens',
    'tokens make',
    'tokens create now',
    'tokens create --expires soon',
    'tokens create --uses 0',
    'tokens revoke',
  ])('is misused as: %s', async (line) => {
    expect(await io.run(line)).toBe(2)
    expect(server.enrollmentTokens).toEqual([])
  })
})

describe('fleetsweep applications', () => {
  it('keeps a private key here, whatever file was named by mistake', async () => {
    io.files['both.pem'] = '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n'
    expect(await io.run('applications certificates add x both.pem')).toBe(2)
    expect(io.stderr).toContain('holds a private key')
    expect(server.requests).toEqual([])
  })

  it.each([
    ['applications', /Say list, show, create/],
    ['applications make', /Say list, show, create/],
    ['applications create Lab', /at least one --permission/],
    ['applications create Lab --permission Machine.Everything', /no permission "Machine.Everything"/],
    [
      'applications create Lab --permission Machine.Scan --expires 731d',
      /--expires is a time from 1d to 730d/,
    ],
    ['applications create Lab --permission Machine.Scan --expires 9d --never', /exclude each other/],
    ['applications change x', /Say what to change/],
    ['applications secrets x', /Say secrets add or secrets revoke/],
    ['applications secrets revoke x', /which of its secrets/],
    ['applications certificates add x', /the file with its certificate/],
    ['applications certificates add x gone.pem', /"gone.pem" cannot be read/],
    ['applications limits x', /--per-minute, --per-hour or both; or --usual/],
    ['applications limits x --usual --per-hour 3', /or --usual alone/],
  ])('explains what is wrong with "%s"', async (line, words) => {
    expect(await io.run(line)).toBe(2)
    expect(io.stderr).toMatch(words)
    expect(server.requests).toEqual([])
  })
})

describe('fleetsweep audit', () => {
  const entry = (n: number) => ({
    id: `entry-${n}`,
    at: `2026-11-23T08:12:${n}.5Z`,
    principal: { kind: 'user', id: 'ann', name: 'ann@contoso.example' },
    operation: 'machineAction.create',
    target: `action-${n}`,
    detail: { scanType: 'Quick' },
    position: n === 12 ? null : n,
    hash: n === 12 ? null : 'a'.repeat(64),
  })

  it('lists who changed what, and asks for what was wanted', async () => {
    server.auditEntries.push(entry(12), entry(11))
    expect(await io.run('audit list --principal ann --from 2026-11-23T08:00Z')).toBe(0)
    expect(server.requests.at(-1)).toBe('GET /fleet/v1/audit?principal=ann&from=2026-11-23T08%3A00Z')
    expect(io.stdout).toContain('11  2026-11-23 08:12:11Z  ann@contoso.example (user)  machineAction.create')
    expect(io.stdout).toMatch(/^ +– {2}2026-11-23 08:12:12Z/m)
  })

  it('reads no further than the limit', async () => {
    server.pageSize = 2
    server.auditEntries.push(...Array.from({ length: 9 }, (_, n) => entry(n + 20)))
    expect(await io.run('audit list --limit 2 --json')).toBe(0)
    expect(io.json()).toHaveLength(2)
    expect(server.requests.filter((request) => request.includes('/audit'))).toHaveLength(1)
  })

  it('says that the chain is intact and where it ends, so that one can write that down', async () => {
    const head = { position: 7, hash: 'b'.repeat(64), signedAt: '2026-11-23T08:12:26Z', keyId: 'key' }
    server.auditVerification = { ...server.auditVerification, entries: 7, head }
    expect(await io.run('audit verify')).toBe(0)
    expect(io.stdout).toContain(`intact: 7 entries. The chain ends at 7:${head.hash}`)
    expect(await io.run(`audit verify --head 7:${head.hash}`)).toBe(0)
    expect(server.requests.at(-1)).toBe(`GET /fleet/v1/audit/verification?head=7:${head.hash}`)
  })

  it('fails for a broken chain and names what is wrong, safe to print', async () => {
    server.auditVerification = {
      ...server.auditVerification,
      isIntact: false,
      findings: [{ kind: 'changed', from: 3, through: 3, entryId: 'x', sentence: 'Entry\u001b[2J at 3' }],
      findingsLeftOff: 2,
    }
    expect(await io.run('audit verify')).toBe(1)
    expect(io.stdout).toContain('NOT intact')
    expect(io.stdout).toContain('  changed: Entry\\u{1b}[2J at 3\n  … and 2 more.\n')
  })

  it.each(['audit', 'audit check', 'audit list --from yesterday', 'audit verify --head 7'])(
    'is misused as: %s',
    async (line) => {
      expect(await io.run(line)).toBe(2)
      expect(io.stderr).toContain('fleetsweep audit --help')
    },
  )
})
