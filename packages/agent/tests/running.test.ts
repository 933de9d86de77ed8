import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  FakeGateway,
  FakeScanRunner,
  sampleDetection,
  sampleReport,
  shiftedClock,
  until,
} from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/os/system-clock.ts'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 200 })
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

describe('running', () => {
  it('needs an enrollment', async () => {
    await using agent = new TestAgent()
    agent.start()
    expect(await agent.ended()).toBe(1)
    expect(agent.stderr).toContain('This machine is not enrolled. Enroll it with:')
  })

  it('is refused to a second agent with the same state folder', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    await using second = new TestAgent({ stateDir: agent.stateDir })
    second.start()
    expect(await second.ended()).toBe(1)
    expect(second.stderr).toContain('Another agent is running on')
    await gateway.event(gateway.orderScan(), 'finished')
  })

  it('stops at once when it is asked to, between two connections too', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    await gateway[Symbol.asyncDispose]()
    agent.start()
    await until(() => agent.log.some(({ msg }) => msg === 'not connected'), 'the agent found no server')
    expect(await agent.stop()).toBe(0)
    gateway = await FakeGateway.start()
  })

  it('keeps its journal to itself', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    await gateway.event(gateway.orderScan(), 'finished')
    for (const name of ['journal.db', 'journal.db-wal', 'identity.json', 'agent.lock']) {
      expect([name, statSync(join(agent.stateDir, name)).mode & 0o777]).toEqual([name, 0o600])
    }
  })

  it('writes neither keys nor nonces into its log', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const nonce = gateway.connection?.agentNonce ?? ''
    gateway.sendOrder({ agentNonce: 'n'.repeat(32) })
    await gateway.event(gateway.orderScan(), 'finished')
    await agent.stop()
    expect(agent.stderr).toContain('order refused')
    expect(agent.stderr).not.toContain(nonce)
    expect(agent.stderr).not.toContain('PRIVATE KEY')
    expect(agent.stderr).not.toContain(gateway.secret)
  })

  it.each(['-1d', '1d'] as const)('with a clock that is wrong by %s changes nothing', async (shift) => {
    const scans = new FakeScanRunner({ holds: true, detections: [sampleDetection()] })
    await using agent = new TestAgent({ scans, clock: shiftedClock(systemClock, shift) })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const first = gateway.orderScan()
    await gateway.event(first, 'started')
    gateway.orderStop(first)
    const { stoppedWithinMs } = await gateway.event(first, 'stopped')
    expect(stoppedWithinMs).toBeLessThan(10_000)
    scans.options.holds = false
    const second = gateway.orderScan('Full')
    await gateway.event(second, 'finished')
    expect(gateway.kinds(second)).toEqual(['accepted', 'started', 'detection', 'finished'])
  })
})

describe('status', () => {
  it('says that a machine is not enrolled, and how to change that', async () => {
    await using agent = new TestAgent()
    expect(await agent.command('status')).toBe(0)
    expect(agent.stdout).toContain('not enrolled; enroll with: fleetsweep-agent enroll')
    expect(agent.stdout).toContain('not running')
  })

  it('shows the running scan, then how it ended', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = new TestAgent({ scans })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const action = gateway.orderScan('Full')
    await gateway.event(action, 'started')
    const text = async () => {
      await agent.command('status')
      return agent.stdout
    }
    await until(async () => (await text()).includes('Full, scanning, 50 %'), 'status showed the scan')
    expect(await text()).toMatch(/connection {2}connected since/)
    expect(await text()).toContain('ClamAV 1.4.6; other signatures, 3 in all, test signatures only')
    scans.release()
    await gateway.event(action, 'finished')
    await until(
      async () => (await text()).includes('Full   nothing found by test signatures'),
      'status showed the end',
    )
    await agent.stop()
    expect(await text()).toContain('not running')
    expect(await text()).not.toContain('clean')
  })

  it('says "clean" only of a scan that an official set in date has judged whole', async () => {
    const signatures = {
      official: true,
      version: '27500',
      builtAt: new Date().toISOString(),
      count: 8_000_000,
      identity: 'ab'.repeat(32),
    }
    const { engine } = sampleReport()
    const report = sampleReport({ engine: { ...engine, signatures } })
    await using agent = new TestAgent({
      scans: new FakeScanRunner({ ends: () => ({ kind: 'finished', report }) }),
    })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    await gateway.event(gateway.orderScan(), 'finished')
    await agent.command('status', '--json')
    expect(JSON.parse(agent.stdout)).toMatchObject({
      enrolled: true,
      running: true,
      machineId: gateway.machine.machineId,
      server: gateway.origin,
      recentScans: [{ ending: 'clean', sentence: 'clean; all 10 files scanned' }],
    })
  })
})

describe('the program', () => {
  it.each([
    [['sweep'], 'There is no command "sweep"'],
    [['run', '--json'], '"run" takes no --json'],
    [['run', 'now'], '"now" is too much for "run"'],
    [['status', '--colour'], "Unknown option '--colour'"],
    [['status', '--config', '/nowhere/agent.toml'], '/nowhere/agent.toml cannot be read'],
  ])('is misused by %j, and says so', async (argv, words) => {
    await using agent = new TestAgent()
    expect(await agent.command(...argv)).toBe(2)
    expect(agent.stderr).toContain(words)
  })

  it('does not uninstall what was not installed', async () => {
    await using agent = new TestAgent()
    expect(await agent.command('uninstall', '--purge')).toBe(1)
    expect(agent.stderr).toContain('not brought by install.sh')
  })

  it.each([
    ['--help', 'fleetsweep-agent enroll --server URL --token TOKEN'],
    ['--version', '0.1.0'],
  ])('answers %s', async (argument, words) => {
    await using agent = new TestAgent()
    expect(await agent.command(argument)).toBe(0)
    expect(agent.stdout).toContain(words)
  })

  it('does not start with a configuration or a policy that it does not understand', async () => {
    await using agent = new TestAgent()
    const config = join(agent.stateDir, 'agent.toml')
    writeFileSync(config, '[engine]\nclamd = "/usr/sbin/clamd"\n')
    expect(await agent.command('status', '--config', config)).toBe(0)
    writeFileSync(config, '[engine]\nclam = "/usr/sbin/clamd"\n')
    expect(await agent.command('status', '--config', config)).toBe(2)
    writeFileSync(config, '')
    writeFileSync(join(agent.stateDir, 'policy.toml'), 'allowedPaths = "everything"\n')
    expect(await agent.command('run', '--config', config)).toBe(2)
    expect(agent.stderr).toContain('policy.toml: /allowedPaths')
  })
})
