import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { instantFromMs } from '@fleetsweep/protocol'
import { FakeGateway, sampleInventoryEngine, shiftedClock, tool } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkMemory, checkSignatures } from '../src/doctor/check-engine.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanning } from '../src/scanning.ts'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway
let agent: TestAgent
let folder: string
let config: string

beforeEach(async () => {
  gateway = await FakeGateway.start()
  agent = new TestAgent({ scanning: createScanning })
  folder = mkdtempSync(join(tmpdir(), 'fleetsweep-doctor-'))
  config = join(folder, 'agent.toml')
  writeConfig()
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

function writeConfig(engine: Record<string, unknown> = {}): void {
  const { path, env } = tool('clamd')
  const usual = { clamd: path, env, databaseDir: tool('signatures').path }
  writeFileSync(config, stringify({ engine: { ...usual, ...engine } }), { mode: 0o600 })
}

async function examine(exit: number, asked: TestAgent = agent): Promise<Map<string, Finding[]>> {
  expect(await asked.command('doctor', '--json', '--config', config)).toBe(exit)
  const { isWell, findings }: { isWell: boolean; findings: Finding[] } = JSON.parse(asked.stdout)
  expect(isWell).toBe(exit === 0)
  return Map.groupBy(findings, ({ check }) => check)
}

describe('doctor', () => {
  it('finds nothing in the way of an agent that runs, and says what could be better', async () => {
    await agent.enroll(gateway)
    agent.start('--config', config)
    await gateway.connected()
    const findings = await examine(0)
    for (const check of [
      'configuration',
      'state folder',
      'identity',
      'server',
      'clock',
      'engine',
      'memory',
      'system calls',
    ])
      expect([check, findings.get(check)?.map(({ level }) => level)]).toEqual([check, ['pass']])
    expect(findings.get('signatures')).toMatchObject([
      {
        level: 'warn',
        says: expect.stringContaining('These find test files only'),
        todo: expect.any(String),
      },
    ])
    expect(await agent.command('doctor', '--config', config)).toBe(0)
    expect(agent.stdout).toMatch(/^pass {2}server {9}http:\S+ answers\.$/m)
    expect(agent.stdout).toMatch(/^warn {2}signatures .*\n {21}→ /m)
  })

  it('works without an agent, and says that none runs', async () => {
    await agent.enroll(gateway)
    expect((await examine(0)).get('agent')).toMatchObject([
      { level: 'warn', says: 'The agent does not run.' },
    ])
  })

  it('fails on a machine that is not enrolled', async () => {
    const findings = await examine(1)
    expect(findings.get('identity')).toMatchObject([
      { level: 'fail', todo: expect.stringContaining('enroll') },
    ])
    expect(findings.has('server')).toBe(false)
  })

  it('names what is wrong in a configuration, and goes on', async () => {
    writeFileSync(config, '[engine]\nclam = "/usr/sbin/clamd"\n')
    const findings = await examine(1)
    expect(findings.get('configuration')).toMatchObject([
      { level: 'fail', says: expect.stringContaining('/engine') },
    ])
    expect(findings.has('mounts')).toBe(true)
  })

  it('fails where others may change the policy or read the identity', async () => {
    await agent.enroll(gateway)
    const policy = join(folder, 'policy.toml')
    writeFileSync(policy, '')
    chmodSync(policy, 0o666)
    chmodSync(join(agent.stateDir, 'identity.json'), 0o644)
    const findings = await examine(1)
    expect(findings.get('configuration')?.[0]?.says).toBe(
      `Other users may change ${policy}, and with that what is scanned.`,
    )
    expect(findings.get('state folder')?.[0]?.todo).toBe(`chmod go= ${join(agent.stateDir, 'identity.json')}`)
  })

  it('fails where the server cannot be reached, and says nothing of its clock', async () => {
    await agent.enroll(gateway)
    await gateway[Symbol.asyncDispose]()
    const findings = await examine(1)
    expect(findings.get('server')).toMatchObject([
      { level: 'fail', says: expect.stringContaining('ECONNREFUSED') },
    ])
    expect(findings.has('clock')).toBe(false)
    gateway = await FakeGateway.start()
  })

  it.each([
    ['1d', 'ahead of'],
    ['-1d', 'behind'],
  ] as const)('warns of a clock that is wrong by %s', async (shift, words) => {
    await agent.enroll(gateway)
    await using other = new TestAgent({
      scanning: createScanning,
      clock: shiftedClock(systemClock, shift),
      stateDir: agent.stateDir,
    })
    const [finding] = (await examine(0, other)).get('clock') ?? []
    expect(finding).toMatchObject({
      level: 'warn',
      says: expect.stringMatching(`^The clock .* 86\\d+ s ${words} `),
    })
  })

  it('fails where there is no clamd, or no signatures', async () => {
    await agent.enroll(gateway)
    writeConfig({ clamd: '/nowhere/clamd', databaseDir: folder })
    const findings = await examine(1)
    expect(findings.get('engine')).toMatchObject([
      { level: 'fail', says: 'There is no clamd at /nowhere/clamd.' },
    ])
    expect(findings.get('signatures')).toMatchObject([{ level: 'fail' }])
  })

  it('says of a clamd that others run what it takes, and what it leaves out in silence', async () => {
    await agent.enroll(gateway)
    const socketPath = join(folder, 'clamd.ctl')
    const existing = join(folder, 'clamd.conf')
    writeFileSync(
      existing,
      `LocalSocket ${socketPath}\nDatabaseDirectory ${tool('signatures').path}\nMaxFileSize 25M\nAlertEncrypted yes\n`,
    )
    writeConfig({ existing })
    expect((await examine(1)).get('engine')).toMatchObject([
      { level: 'fail', says: expect.stringContaining(`The clamd at ${socketPath} does not answer`) },
    ])
    const clamd = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('ClamAV 1.4.6\0'))
      socket.resume()
    })
    await new Promise<void>((resolve) => clamd.listen(socketPath, resolve))
    const findings = await examine(0)
    expect(findings.get('engine')).toMatchObject([
      { level: 'pass', says: expect.stringContaining('it takes files up to 25 MiB') },
      { level: 'warn', says: expect.stringContaining('AlertExceedsMax is off') },
      { level: 'warn', says: expect.stringContaining('cannot be seen for certain') },
    ])
    expect(findings.has('memory')).toBe(false)
    await new Promise((resolve) => clamd.close(resolve))
  })
})

describe('what the doctor says of', () => {
  const signatures = {
    official: true,
    version: '27500',
    builtAt: '2026-11-20T08:00:00Z',
    count: 8_000_000,
    identity: 'ab'.repeat(32),
  }
  const engine = { ...sampleInventoryEngine, signatures }

  it.each([
    [3_000_000_000, false, 'pass'],
    [1_000_000_000, true, 'pass'],
    [1_000_000_000, false, 'fail'],
  ])('%i bytes of memory while an agent runs: %s is %s', (availableBytes, isRunning, level) => {
    expect(checkMemory(engine, {}, { availableBytes, isRunning })).toMatchObject([{ level }])
  })

  it.each([
    ['2026-11-21T08:00:00Z', ['pass']],
    ['2027-02-20T08:00:00Z', ['warn']],
  ])('signatures of the day before at %s', (now, levels) => {
    const found = checkSignatures(engine, undefined, instantFromMs(Date.parse(now)))
    expect(found.map(({ level }) => level)).toEqual(levels)
  })

  it('an update that failed', () => {
    const updates = { triedAt: 1_780_000_000_000_000, succeededAt: null, error: 'No route to host.' }
    const found = checkSignatures(engine, updates, instantFromMs(Date.parse('2026-11-21T08:00:00Z')))
    expect(found[1]).toMatchObject({ level: 'warn', says: 'The last update failed. No route to host.' })
    expect(found[1]?.todo).toContain('last succeeded never')
  })
})
