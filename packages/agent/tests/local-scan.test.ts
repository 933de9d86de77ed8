import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  eicar,
  FakeGateway,
  FakeScanRunner,
  sampleDetection,
  sampleEngine,
  sampleReport,
  tool,
  until,
} from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createScanning } from '../src/scanning.ts'
import { TestAgent, type TestAgentOptions } from './test-agent.ts'

let gateway: FakeGateway

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 100 })
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

async function runningAgent(options: TestAgentOptions = {}): Promise<TestAgent> {
  const agent = new TestAgent(options)
  await agent.enroll(gateway)
  agent.start()
  await gateway.connected()
  return agent
}

/** Heartbeats that the server has answered from now on. */
async function heartbeats(count: number): Promise<void> {
  const seen = () => gateway.frames.filter(({ type }) => type === 'heartbeat').length
  const before = seen()
  await until(() => seen() >= before + count, 'heartbeats came')
}

const official = {
  ...sampleEngine,
  signatures: {
    official: true,
    version: '27500',
    builtAt: new Date().toISOString(),
    count: 8_000_000,
    identity: 'ab'.repeat(32),
  },
}

describe('a scan asked for on the machine', () => {
  it('runs in the agent, shows how far it is and ends with the report, of which the server hears nothing', async () => {
    const scans = new FakeScanRunner({ holds: true, detections: [sampleDetection('/srv/mail/a.com')] })
    await using agent = await runningAgent({ scans })
    const scan = agent.begin('scan', '/srv/mail', 'relative', '--rescan')
    await until(() => scan.stderr.includes('scanning 50 %'), 'progress showed')
    await heartbeats(3)
    scans.release()
    expect(await scan.exit).toBe(1)
    expect(scan.stdout).toContain('FOUND       Eicar-Test-Signature  /srv/mail/a.com')
    expect(scan.stdout).toMatch(/result {6}1 detection \(test signatures\); 0 of 10 files not scanned/)
    expect(scans.runs).toMatchObject([{ scanType: 'Custom', actionId: expect.stringMatching(/^local-/) }])
    await heartbeats(2)
    expect(gateway.badFrames).toEqual([])
    expect(gateway.frames.filter(({ type }) => type === 'event' || type === 'progress')).toEqual([])
    expect(
      gateway.frames.every((frame) => frame.type !== 'heartbeat' || frame.openActions.length === 0),
    ).toBe(true)
    await agent.command('status')
    expect(agent.stdout).toContain('(local; the server is not told)')
    expect(readdirSync(join(agent.stateDir, 'work'))).toEqual([])
  })

  it.each([
    ['clean', 0, sampleReport({ engine: official })],
    ['nothing found by test signatures', 3, sampleReport()],
    ['one that found something', 1, sampleReport({ engine: official, detections: 1 })],
  ])('exits for %s with %i', async (_, exit, report) => {
    const scans = new FakeScanRunner({ ends: () => ({ kind: 'finished', report }) })
    await using agent = await runningAgent({ scans })
    expect(await agent.command('scan', '--full', '--json')).toBe(exit)
    const answer = JSON.parse(agent.stdout)
    expect(answer).toMatchObject({ detections: [], report: { detections: report.detections } })
    expect(scans.runs).toMatchObject([{ scanType: 'Full' }])
  })

  it('exits with 2 for one that failed, and says why', async () => {
    const failure = { kind: 'failed', reason: 'There is no clamd.', report: null } as const
    await using agent = await runningAgent({ scans: new FakeScanRunner({ ends: () => failure }) })
    expect(await agent.command('scan')).toBe(2)
    expect(agent.stdout).toContain('result      failed: There is no clamd.')
  })

  it('waits for the scan that was ordered, says so, and lets the next order wait', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = await runningAgent({ scans })
    const first = gateway.orderScan()
    await gateway.event(first, 'started')
    const local = agent.begin('scan')
    await until(() => local.stderr.includes('waiting: Another scan runs'), 'it waits')
    const second = gateway.orderScan()
    await gateway.event(second, 'accepted')
    scans.release()
    await gateway.event(first, 'finished')
    await until(() => local.stderr.includes('scanning'), 'its turn came')
    expect(gateway.kinds(second)).toEqual(['accepted'])
    scans.release()
    expect(await local.exit).toBe(3)
    await gateway.event(second, 'started')
    scans.release()
    await gateway.event(second, 'finished')
    expect(scans.mostAtOnce).toBe(1)
  })

  it('ends when whoever asked presses Ctrl-C', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = await runningAgent({ scans })
    const running = agent.begin('scan')
    await until(() => running.stderr.includes('scanning'), 'it runs')
    const waiting = agent.begin('scan', '--full')
    await until(() => waiting.stderr.includes('waiting'), 'the next waits')
    waiting.stop()
    expect(await waiting.exit).toBe(2)
    await until(async () => {
      await agent.command('status', '--json')
      return JSON.parse(agent.stdout).recentScans.length === 1
    }, 'the agent has taken it back')
    running.stop()
    expect(await running.exit).toBe(2)
    expect(running.stderr).toContain('not wanted any more')
    await until(() => scans.runs.every(({ state }) => state === 'ended'), 'the scan has ended')
    await until(async () => {
      await agent.command('status', '--json')
      return JSON.parse(agent.stdout).recentScans.length === 2
    }, 'both have ended')
    expect(scans.runs).toHaveLength(1)
    expect(JSON.parse(agent.stdout).recentScans).toMatchObject([
      { ending: 'stopped', sentence: 'stopped on this machine', origin: 'local', told: false },
      { ending: 'stopped', sentence: 'stopped before it started' },
    ])
  })

  it('is ended by scan --stop, and whoever asked hears of it', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = await runningAgent({ scans })
    const running = agent.begin('scan')
    await until(() => running.stderr.includes('scanning'), 'it runs')
    const waiting = agent.begin('scan')
    await until(() => waiting.stderr.includes('waiting'), 'the next waits')
    expect(await agent.command('scan', '--stop')).toBe(0)
    expect(agent.stdout).toBe('The agent ends 2 local scan(s).\n')
    expect(await running.exit).toBe(2)
    expect(await waiting.exit).toBe(2)
    expect(running.stdout).toContain('result      stopped on this machine')
  })

  it('needs no connection to the server', async () => {
    await using agent = await runningAgent()
    await gateway[Symbol.asyncDispose]()
    expect(await agent.command('scan')).toBe(3)
    gateway = await FakeGateway.start()
  })

  it('goes on after the agent has ended and begun again, and whoever asked was told so', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = await runningAgent({ scans })
    const scan = agent.begin('scan')
    await until(() => scan.stderr.includes('scanning'), 'it runs')
    await agent.stop()
    expect(await scan.exit).toBe(2)
    expect(scan.stderr).toContain('The scan goes on when it runs again')
    scans.options.holds = false
    agent.start()
    await until(async () => {
      await agent.command('status', '--json')
      return JSON.parse(agent.stdout).recentScans.length === 1
    }, 'it has ended')
    expect(JSON.parse(agent.stdout).recentScans).toMatchObject([{ origin: 'local', attempts: 2 }])
    await gateway.connected()
    await heartbeats(2)
    expect(gateway.badFrames).toEqual([])
    expect(gateway.actions.size).toBe(0)
  })

  it('waits for the window of the machine like any other', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    const config = join(agent.stateDir, 'agent.toml')
    writeFileSync(config, '')
    const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getDay() + 3) % 7]
    writeFileSync(
      join(agent.stateDir, 'policy.toml'),
      `[[windows]]\ndays = ["${day}"]\nfrom = "10:00"\nto = "10:01"\n`,
    )
    agent.start('--config', config)
    await gateway.connected()
    const scan = agent.begin('scan')
    await until(() => scan.stderr.includes('It waits for its time window'), 'it says why it waits')
    scan.stop()
    expect(await scan.exit).toBe(2)
    expect(agent.scans.runs).toEqual([])
  })

  it('is refused in a sentence where no agent runs', async () => {
    await using agent = new TestAgent()
    expect(await agent.command('scan')).toBe(2)
    expect(agent.stderr).toContain('No agent is running on')
  })

  it.each([[['--full', '--quick']], [['/srv', '--full']], [['--stop', '--rescan']]])(
    'is misused by %j',
    async (argv) => {
      await using agent = new TestAgent()
      expect(await agent.command('scan', ...argv)).toBe(2)
      expect(agent.stderr).toContain('one of these')
    },
  )

  it('whose agent is killed goes on when that runs again, and the server hears nothing of it', {
    timeout: 60_000,
  }, async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    const scanLog = join(agent.stateDir, 'scans.log')
    const first = startProcess(agent.stateDir, scanLog, 600_000)
    const isAsked = async () => {
      const asked = agent.begin('scan')
      await until(() => asked.stderr !== '' || existsSync(scanLog), 'it is refused, or runs')
      return asked.stderr === '' ? asked : undefined
    }
    const scan = await until(isAsked, 'the agent takes the scan', { everyMs: 100 })
    await kill(first)
    expect(await scan.exit).toBe(2)
    expect(scan.stderr).toContain('The agent ended before it had answered.')
    const second = startProcess(agent.stateDir, scanLog, 0)
    const ended = await until(
      async () => {
        await agent.command('status', '--json')
        return JSON.parse(agent.stdout).recentScans[0]
      },
      'it has ended',
      { everyMs: 100 },
    )
    expect(ended).toMatchObject({ origin: 'local', attempts: 2, ending: 'threatsFound', told: false })
    await heartbeats(2)
    await kill(second)
    expect(gateway.badFrames).toEqual([])
    expect(gateway.frames.filter(({ type }) => type === 'event' || type === 'progress')).toEqual([])
  })

  it('is made by the real clamd, and keeps to the policy of the machine', async () => {
    await using agent = new TestAgent({ scanning: createScanning })
    await agent.enroll(gateway)
    const [allowed, forbidden] = [join(agent.stateDir, 'allowed'), join(agent.stateDir, 'forbidden')]
    for (const folder of [allowed, forbidden]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'eicar.com'), eicar())
      writeFileSync(join(folder, 'letter.txt'), 'Dear Sir or Madam')
    }
    const clamd = tool('clamd')
    const config = join(agent.stateDir, 'agent.toml')
    const engine = { clamd: clamd.path, env: clamd.env, databaseDir: tool('signatures').path }
    writeFileSync(config, stringify({ engine }))
    const exclude = [join(allowed, 'letter.txt')]
    writeFileSync(
      join(agent.stateDir, 'policy.toml'),
      stringify({ allowedPaths: [allowed], exclude, cpuCeilingPercent: 40 }),
    )
    agent.start('--config', config)
    await gateway.connected()
    expect(await agent.command('scan', allowed, forbidden, '--json')).toBe(1)
    const { report, detections } = JSON.parse(agent.stdout)
    expect(detections).toMatchObject([{ path: { text: join(allowed, 'eicar.com') } }])
    expect(report).toMatchObject({
      detections: 1,
      cpuCeilingPercent: 40,
      notScannedSamples: [{ reason: 'excluded' }],
    })
    expect(report.notScannedList).toBeUndefined()
    expect(await agent.command('scan', forbidden)).toBe(2)
    expect(agent.stdout).toContain('the policy of this machine allows none of the paths')
  })
})

function startProcess(stateDir: string, scanLog: string, scanMs: number): ChildProcess {
  const program = join(import.meta.dirname, 'agent-process.ts')
  const args = [program, stateDir, scanLog, String(scanMs)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
}
