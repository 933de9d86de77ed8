import { statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeGateway } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { windowsHost, windowsInventory } from '../src/os/windows.ts'
import { createScanning } from '../src/scanning.ts'
import { DefenderFixture } from './defender-fixture.ts'
import { TestAgent } from './test-agent.ts'
import { GUARDED, REGISTRY, USERS, WindowsFixture } from './windows-fixture.ts'

let windows: WindowsFixture
beforeEach(() => {
  windows = new WindowsFixture()
})
afterEach(() => windows[Symbol.dispose]())

const host = (bootedMs = 1_700_000_004_000) =>
  windowsHost(undefined, windows.env, { bootedMs: () => bootedMs })
const without = (key: string) =>
  Object.fromEntries(Object.entries(REGISTRY).filter(([name]) => !name.includes(key)))

describe('what Windows says of itself', () => {
  it('is read from its registry', async () => {
    expect(await host().inventory()).toMatchObject({
      computerDnsName: 'LAB-07.corp.example',
      osKind: 'windows',
      osPlatform: 'Windows11',
      version: '23H2',
      osBuild: 22_631,
    })
  })

  it.each([
    [{ CurrentBuild: '19045', InstallationType: 'Client', DisplayVersion: '22H2' }, 'Windows10', '22H2'],
    [
      { CurrentBuild: '17763', InstallationType: 'Server Core', ReleaseId: '1809' },
      'WindowsServer2019',
      '1809',
    ],
    [{ CurrentBuild: '20348', InstallationType: 'Server' }, 'WindowsServer2022', 'Other'],
    [{ CurrentBuild: '26100', InstallationType: 'Server' }, 'WindowsServer2025', 'Other'],
    [{ CurrentBuild: '7601' }, 'Windows', 'Other'],
    [{ CurrentBuild: 'x' }, 'Windows', 'Other'],
  ])('goes by the build, as %o is %s', (values, osPlatform, version) => {
    const seen = windowsInventory(new Map(Object.entries(values)), new Map(), '10.0.1')
    expect(seen).toMatchObject({ osPlatform, version, osVersion: '10.0' })
  })

  it('takes what Node says where the registry is silent', () => {
    expect(windowsInventory(new Map(), new Map(), '10.0.22000')).toMatchObject({
      osPlatform: 'Windows11',
      osBuild: 22_000,
    })
  })

  it('tells it from others by what it and its firmware were given', async () => {
    const identity = await host().osIdentity()
    expect(identity?.sources).toEqual(['machineId', 'productUuid'])
    windows.answer({ registry: { ...REGISTRY, 'HKLM\\SYSTEM\\HardwareConfig': '' } })
    expect((await host().osIdentity())?.sources).toEqual(['machineId'])
    expect(await host().osIdentity(identity?.sources)).toBeUndefined()
    const none = '    LastConfig    REG_SZ    {ffffffff-ffff-ffff-ffff-ffffffffffff}'
    windows.answer({ registry: { ...without('Cryptography'), 'HKLM\\SYSTEM\\HardwareConfig': none } })
    expect((await host().osIdentity())?.sources).toEqual(['hostName'])
  })

  it('names a start by its moment, whatever the clock says later', async () => {
    let bootedMs = 1_700_000_004_000
    const one = windowsHost(undefined, windows.env, { bootedMs: () => bootedMs })
    const bootId = await one.bootId()
    bootedMs += 3_600_000
    expect(await one.bootId()).toBe(bootId)
    expect(await host(1_700_000_000_500).bootId()).toBe(bootId)
    expect(await host(1_700_000_100_000).bootId()).not.toBe(bootId)
  })

  it('tells an administrator from a user, and takes one who cannot be told for a user', () => {
    expect(host().isRoot).toBe(true)
    windows.answer({ isElevated: false })
    expect(host().isRoot).toBe(false)
    expect(windowsHost(undefined, { SystemRoot: '/nowhere' }).isRoot).toBe(false)
  })
})

describe('an agent on Windows', () => {
  async function start(): Promise<{ gateway: FakeGateway; agent: TestAgent; defender: DefenderFixture }> {
    const defender = new DefenderFixture()
    defender.behave()
    const gateway = await FakeGateway.start()
    return { gateway, agent: new TestAgent({ host: host(), scanning: createScanning }), defender }
  }

  it('enrolls, scans with Defender and stops', async () => {
    const { gateway, agent, defender } = await start()
    await using _gateway = gateway
    await using _agent = agent
    using _defender = defender
    await agent.enroll(gateway)
    const config = join(agent.stateDir, 'agent.toml')
    await writeFile(config, stringify({ engine: { kind: 'defender', ...defender.programs } }))
    agent.start('--config', config)
    await gateway.connected()
    const { report } = await gateway.event(gateway.orderScan('Quick'), 'finished')
    expect(report).toMatchObject({ coverage: null, engine: { name: 'Microsoft Defender' } })
    expect(await agent.stop()).toBe(0)
  })

  it.each([
    [
      'belongs to a user',
      { guard: { ...GUARDED, owner: 'S-1-5-21-7' } },
      /belongs to somebody else \(S-1-5-21-7\)/,
    ],
    ['lets users in', { guard: { ...GUARDED, allowed: [...GUARDED.allowed, USERS] } }, /entered by others/],
    ['is a link', { guard: { ...GUARDED, isLink: true } }, /is a link to another place/],
    ['is nobody knows whose', { garbage: 'Access denied' }, /does not tell whose folder/],
  ])('does nothing while its folder %s', async (_what, answers, why) => {
    windows.answer(answers)
    await using agent = new TestAgent({ host: host() })
    expect(await agent.command('status')).toBe(1)
    expect(agent.stderr).toMatch(why)
    expect(agent.stderr).not.toMatch(/\bat .*\.ts/)
  })

  it('makes its folder where there is none, and asks nothing of Windows for a user', async () => {
    const folder = join(windows.folder, 'new')
    await host().guardFolder?.(folder)
    expect(statSync(folder).isDirectory()).toBe(true)
    windows.answer({ isElevated: false, garbage: '!' })
    await using agent = new TestAgent({ host: host() })
    expect(await agent.command('status')).toBe(0)
  })
})
