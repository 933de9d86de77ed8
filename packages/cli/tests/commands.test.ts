import {
  buildCoverage,
  buildDetection,
  buildEngine,
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

  it('names what was excluded and what an interrupted scan kept', async () => {
    const report = buildReport({
      attempts: 2,
      carriedOver: { files: 700, bytes: 1_024 },
      exclusions: [{ path: { text: '/srv/mail' }, source: 'policy', files: 3, bytes: 2_048 }],
    })
    const { id } = server.addAction({ status: 'Succeeded' }, { ...ended, report })
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('700 files (1.0 KiB) were judged before and had not changed since.')
    expect(io.stdout).toContain("/srv/mail: excluded by the server's policy (3 files, 2.0 KiB)")
  })

  it('warns of one that does not add up', async () => {
    const coverage = { ...buildCoverage(), met: { files: 5, bytes: 5 } }
    const { id } = server.addAction({ status: 'Succeeded' }, { ...ended, report: buildReport({ coverage }) })
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('do not add up')
  })

  it('prints no counts where the engine does not tell which files it read, and what else it does not tell', async () => {
    const engine = { ...buildEngine(), limits: null, untold: ['It keeps to no CPU ceiling.'] }
    const report = buildReport({ coverage: null, engine })
    const { id } = server.addAction({ status: 'Succeeded' }, { ...ended, report })
    await io.run(`report ${id}`)
    expect(io.stdout).toContain('Nothing found: nothing found; the engine does not tell which files it read')
    expect(io.stdout).toContain('The engine walks by itself and does not tell which files it read.')
    expect(io.stdout).toContain('It keeps to no CPU ceiling.')
    expect(io.stdout).not.toContain('met in all')
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

describe('fleetsweep tokens', () => {
  it('creates one and puts nothing but the token on stdout', async () => {
    expect(await io.run('tokens create --uses 5 --expires 12h --tag a --tag b --description lab')).toBe(0)
    expect(io.stdout).toMatch(/^fse1\.\S+\n$/)
    expect(server.enrollmentTokens).toMatchObject([{ maxUses: 5, tags: ['a', 'b'], description: 'lab' }])
  })

  it('creates one as the command that installs the agent, and warns where that leads nowhere else', async () => {
    expect(await io.run('tokens create --command')).toBe(0)
    expect(io.stdout).toMatch(/^\(echo FLEETSWEEP_ENROLLMENT_TOKEN=fse1\.\S+; curl .*\) \| .* sh -s --\n$/)
    expect(io.stderr).toContain('leads to 127.0.0.1')
    io.stdout = ''
    await io.run('tokens create --command --json')
    expect(io.json()).toMatchObject({ command: expect.stringContaining('install.sh'), maxUses: 1 })
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
