import { buildDeviceAvInfo, FakeServer } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliTestIo } from './cli-test-io.ts'

let server: FakeServer
let io: CliTestIo

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo(server)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('fleetsweep antivirus', () => {
  it('shows engine, signatures and the last scans of machines', async () => {
    server.avInfos.push(
      buildDeviceAvInfo({ quickScanResult: 'Completed', quickScanTime: '2026-11-23T08:00:00Z' }),
      buildDeviceAvInfo({ computerDnsName: 'beside', avMode: '1' }),
      buildDeviceAvInfo({ computerDnsName: 'bare', avMode: '2', avIsSignatureUpToDate: 'Unknown' }),
    )
    expect(await io.run('antivirus')).toBe(0)
    expect(io.stdout).toMatch(
      /lab-01\.example +1\.4\.6 +27500 +2026-11-23 08:12:26Z +yes +Completed 2026-11-23 08:00:00Z +never/,
    )
    expect(io.stdout).toMatch(/beside +1\.4\.6 \(passive\) +27500/)
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
