import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FakeAction, FakeGateway, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

/** Further kills at random moments; more by hand: FLEETSWEEP_KILLS=200 */
const RANDOM_KILLS = Number(process.env.FLEETSWEEP_KILLS ?? 4)
const PROGRAM = join(import.meta.dirname, 'agent-process.ts')
const ENDINGS = ['finished', 'failed', 'stopped']

let gateway: FakeGateway
let owner: TestAgent
let scanLog: string
const processes: ChildProcess[] = []

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 100 })
  owner = new TestAgent()
  await owner.enroll(gateway)
  scanLog = join(owner.stateDir, 'scans.log')
})

afterEach(async () => {
  for (const process of processes.splice(0)) {
    if (process.exitCode === null && process.signalCode === null) {
      process.kill('SIGKILL')
      await once(process, 'exit')
    }
  }
  await owner[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

function startProcess(scanMs: number, ...kill: (string | number)[]): ChildProcess {
  const args = [PROGRAM, owner.stateDir, scanLog, String(scanMs), ...kill.map(String)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  processes.push(child)
  return child
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function scanLines(): string[] {
  return existsSync(scanLog) ? readFileSync(scanLog, 'utf8').trim().split('\n') : []
}

/** Waits until the agent has told everything, then checks that all of it is true and was told once. */
async function expectTrueEnds(): Promise<void> {
  for (const action of gateway.actions.values()) await expectTrueEnd(action)
  await until(
    () => gateway.frames.findLast((frame) => frame.type === 'heartbeat')?.openActions.length === 0,
    'nothing was left to tell',
  )
}

async function expectTrueEnd(action: FakeAction): Promise<void> {
  const { report } = await gateway.event(action, 'finished')
  const kinds = gateway.kinds(action)
  expect(kinds.filter((kind) => ENDINGS.includes(kind))).toEqual(['finished'])
  expect(kinds.at(0)).toBe('accepted')
  expect(kinds.at(-1)).toBe('finished')
  expect([...action.events.keys()].toSorted((a, b) => a - b)).toEqual(kinds.map((_, index) => index + 1))
  const begun = scanLines().filter((line) => line.startsWith(`begin ${action.actionId}`))
  const attempts = begun.map((line) => Number(line.split(' ')[2]))
  // An attempt that is written down may have been killed before it did anything; none was done twice.
  expect(attempts).toEqual([...new Set(attempts)].toSorted((a, b) => a - b))
  expect(attempts.at(-1)).toBe(report.attempts)
  expect(report.attempts).toBeLessThanOrEqual(2)
  const told = [...action.events.values()].filter((event) => event.kind === 'detection')
  expect(told.filter((event) => event.attempt === report.attempts)).toHaveLength(2)
}

/** Long, because each test starts several processes on a machine that may be busy. */
const TIMEOUT_MS = 180_000

describe('an agent that is killed', { timeout: TIMEOUT_MS }, () => {
  it.each([
    [[1, 2, 3, 4, 5], 'before'],
    [[6, 7, 8, 9, 10], 'before'],
    [[1, 2, 3, 4, 5], 'after'],
    [[6, 7, 8, 9, 10], 'after'],
  ])('at writes %j of its journal, %s each, loses nothing and scans no second time', async (writes, when) => {
    // Each process first finishes what the one before left, then takes an order and dies of it.
    for (const write of writes) {
      const victim = startProcess(0, when, write)
      await gateway.connected()
      await expectTrueEnds()
      victim.send('count')
      await once(victim, 'message')
      gateway.orderScan()
      await exited(victim)
      expect(victim.signalCode).toBe('SIGKILL')
    }
    startProcess(0)
    await expectTrueEnds()
    expect(gateway.actions.size).toBe(writes.length)
  })

  it(`at ${RANDOM_KILLS} random moments loses nothing and scans no second time`, async () => {
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const victim = startProcess(60)
      await gateway.connected()
      await expectTrueEnds()
      gateway.orderScan()
      // Not a wait for something: the moment itself is what this tries.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120))
      victim.kill('SIGKILL')
      await exited(victim)
    }
    startProcess(60)
    await expectTrueEnds()
  })

  it('five times in one scan gives it up and says why', async () => {
    let child = startProcess(60_000)
    await gateway.connected()
    const action = gateway.orderScan()
    for (let attempt = 1; attempt <= 5; attempt++) {
      await until(
        () => scanLines().filter((line) => line.startsWith('begin')).length === attempt,
        'it was tried',
      )
      child.kill('SIGKILL')
      await exited(child)
      child = startProcess(60_000)
    }
    expect((await gateway.event(action, 'failed')).reason).toContain('5 attempts')
    expect(scanLines()).toHaveLength(5)
  })

  it('while a stop is under way proves the stop after the next start', async () => {
    const victim = startProcess(60_000, 'after', 'acceptStop')
    await gateway.connected()
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    gateway.orderStop(action)
    await exited(victim)
    startProcess(0)
    expect(await gateway.event(action, 'stopped')).toMatchObject({ proof: 'processGone' })
    expect(scanLines().filter((line) => line.startsWith('begin'))).toHaveLength(1)
  })
})

describe('an agent that is asked to end', { timeout: TIMEOUT_MS }, () => {
  it('stops the scan, ends well, and begins the scan again at the next start', async () => {
    const first = startProcess(60_000)
    await gateway.connected()
    const action = gateway.orderScan()
    await gateway.event(action, 'started')
    first.kill('SIGTERM')
    await exited(first)
    expect(first.exitCode).toBe(0)
    expect(scanLines()).toEqual([`begin ${action.actionId} 1`, `end ${action.actionId} 1`])
    startProcess(0)
    await expectTrueEnds()
    expect((await gateway.event(action, 'finished')).report.attempts).toBe(2)
  })
})
