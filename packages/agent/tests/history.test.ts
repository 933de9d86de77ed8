import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FakeGateway, FakeScanRunner, sampleDetection, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 100 })
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

async function history(agent: TestAgent): Promise<Record<string, unknown>[]> {
  expect(await agent.command('history', '--json')).toBe(0)
  return JSON.parse(agent.stdout)
}

describe('history', () => {
  it('tells of orders, stops, tasks and local scans, with and without a running agent', async () => {
    const scans = new FakeScanRunner({ detections: [sampleDetection('/srv/a.com')] })
    await using agent = new TestAgent({ scans })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const scan = gateway.orderScan('Full')
    await gateway.event(scan, 'finished')
    scans.options.holds = true
    const stopped = gateway.orderScan()
    await gateway.event(stopped, 'started')
    gateway.orderStop(stopped)
    await gateway.event(stopped, 'stopped')
    const task = gateway.orderTask({ verb: 'updateSignatures' })
    await gateway.event(task, 'failed')
    scans.options.holds = false
    expect(await agent.command('scan', '/srv/mail')).toBe(1)
    const whileRunning = await history(agent)
    expect(whileRunning).toMatchObject([
      {
        actionId: expect.stringMatching(/^local-/),
        asked: { verb: 'scan', origin: 'local', scanType: 'Custom', subjects: ['/srv/mail'] },
        ended: { ending: 'threatsFound', report: { detections: 1 } },
      },
      { actionId: task.actionId, asked: { verb: 'updateSignatures' }, ended: { ending: 'failed' } },
      {
        actionId: stopped.actionId,
        stops: [{ verb: 'stop', origin: 'server' }],
        ended: { sentence: 'stopped by the server' },
      },
      {
        actionId: scan.actionId,
        asked: { scanType: 'Full', requestor: expect.any(String), comment: expect.any(String) },
        found: [{ path: '/srv/a.com' }],
        ended: { report: { engine: 'ClamAV 1.4.6' } },
      },
      { asked: { verb: 'enroll', origin: 'local', subjects: [gateway.origin] }, ended: { ending: 'done' } },
    ])
    await agent.stop()
    expect(await history(agent)).toEqual(whileRunning)
    await agent.command('history', '--limit', '1')
    expect(agent.stdout).toMatch(/Z {2}Custom scan \/srv\/mail by .+, asked for on this machine\n {2}found/)
    expect(statSync(join(agent.stateDir, 'log', 'asked.jsonl')).mode & 0o777).toBe(0o600)
  })

  it('says what has not ended, and that the server has forgotten an action', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = new TestAgent({ scans })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const scan = gateway.orderScan()
    await gateway.event(scan, 'started')
    await agent.command('history')
    expect(agent.stdout).toContain('result    has not ended')
    scan.state = 'unknown'
    await until(async () => {
      await agent.command('history')
      return agent.stdout.includes('not known to the server any more')
    }, 'the log says so')
  })

  it.each([['0'], ['-1'], ['many']])('takes no limit of %s', async (limit) => {
    await using agent = new TestAgent()
    expect(await agent.command('history', `--limit=${limit}`)).toBe(2)
  })

  it('of a machine that nobody has asked anything says so', async () => {
    await using agent = new TestAgent()
    expect(await agent.command('history')).toBe(0)
    expect(agent.stdout).toBe('Nothing was asked of this machine yet.\n')
  })

  it('and the other commands tell another user whom to ask', async () => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    const isRoot = process.getuid?.() === 0
    // What is closed to everybody is closed to its owner too; only root is not stopped.
    if (!isRoot) chmodSync(agent.stateDir, 0)
    const child = join(import.meta.dirname, 'command-child.ts')
    const ask = (...argv: string[]) => {
      const args = [child, isRoot ? '65534' : '', ...argv, '--state', agent.stateDir]
      return spawnSync(process.execPath, args, { encoding: 'utf8' })
    }
    for (const [command, exit] of [
      ['history', 1],
      ['quarantine', 1],
      ['scan', 2],
    ] as const) {
      const asked = ask(command)
      expect([command, asked.status]).toEqual([command, exit])
      expect(asked.stderr).toMatch(/is not yours to use\. Ask as the user who runs the agent\.\n$/)
    }
    const doctor = ask('doctor', '--json')
    chmodSync(agent.stateDir, 0o700)
    expect(doctor.status).toBe(1)
    expect(JSON.parse(doctor.stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'agent', level: 'fail', says: expect.stringContaining('EACCES') }),
    )
  })

  it('says who on the machine has stopped a scan', async () => {
    const scans = new FakeScanRunner({ holds: true })
    await using agent = new TestAgent({ scans })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    const scan = agent.begin('scan')
    await until(() => scan.stderr.includes('scanning'), 'it runs')
    expect(await agent.command('scan', '--stop')).toBe(0)
    expect(await scan.exit).toBe(2)
    const [item] = await history(agent)
    expect(item).toMatchObject({
      stops: [{ origin: 'local', requestor: expect.stringMatching(/./) }],
      ended: { sentence: 'stopped on this machine' },
    })
  })

  it.each([
    ['before', 'acceptScan'],
    ['after', 'acceptScan'],
    ['before', 'end'],
    ['after', 'end'],
  ])('misses nothing of a scan whose agent is killed %s its journal writes %s', async (when, write) => {
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    const start = (...kill: string[]) => {
      const args = [join(import.meta.dirname, 'agent-process.ts'), agent.stateDir, '/dev/null', '0', ...kill]
      return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    }
    const first = start(when, write)
    const ended = once(first, 'exit')
    await gateway.connected()
    const action = gateway.orderScan()
    await ended
    const second = start()
    await gateway.event(action, 'finished')
    const items = await history(agent)
    expect(items.filter(({ actionId }) => actionId === action.actionId)).toMatchObject([
      { asked: { requestor: 'soar@example.com' }, found: [{}, {}], ended: { ending: 'threatsFound' } },
    ])
    const gone = once(second, 'exit')
    second.kill('SIGKILL')
    await gone
  })
})
