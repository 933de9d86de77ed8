import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeGateway, type FakeTask, until } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TaskContext, TaskOutcome } from '../src/actions/task-queue.ts'
import { TestAgent } from './test-agent.ts'

const CONTENT = 'found here'
const PROGRAM = join(import.meta.dirname, 'agent-process.ts')

let gateway: FakeGateway
let agent: TestAgent
let files: string
let path: string

beforeEach(async () => {
  gateway = await FakeGateway.start({ heartbeatMs: 100 })
  agent = new TestAgent()
  await agent.enroll(gateway)
  files = mkdtempSync(join(tmpdir(), 'fleetsweep-tasks-'))
  path = join(files, 'found')
  writeFileSync(path, CONTENT, { mode: 0o640 })
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  rmSync(files, { recursive: true, force: true })
})

async function start(...argv: string[]): Promise<void> {
  agent.start(...argv)
  await gateway.connected()
}

const quarantine = (over: Partial<Extract<FakeTask, { verb: 'quarantine' }>> = {}): FakeTask => ({
  verb: 'quarantine',
  path: { text: path },
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  threatName: 'Test.Threat',
  ...over,
})

describe('an order to quarantine a file', () => {
  it('moves it away once, and an order to restore gives it back', async () => {
    await start()
    const action = gateway.orderTask(quarantine())
    const { quarantineId = '', sentence } = await gateway.event(action, 'done')
    expect(sentence).toBe('The file is in quarantine.')
    expect(gateway.kinds(action)).toEqual(['accepted', 'done'])
    expect(readdirSync(files)).toEqual([])

    const restore = gateway.orderTask({ verb: 'restore', quarantineId })
    expect(await gateway.event(restore, 'done')).toMatchObject({ sentence: `The file is back at ${path}.` })
    expect(readFileSync(path, 'utf8')).toBe(CONTENT)

    action.events.clear()
    gateway.repeatOrder(action)
    await gateway.event(action, 'done')
    expect(readFileSync(path, 'utf8')).toBe(CONTENT)
  })

  it('takes no file with another content', async () => {
    await start()
    writeFileSync(path, 'something of mine')
    const { reason } = await gateway.event(gateway.orderTask(quarantine()), 'failed')
    expect(reason).toBe('It holds something else now than when it was judged.')
    expect(readFileSync(path, 'utf8')).toBe('something of mine')
  })

  it.each([
    [{ quarantine: false }, 'The policy of this machine forbids it.'],
    [{ allowedPaths: ['/srv'] }, 'The policy of this machine does not allow the path.'],
  ])('is refused where the policy %j of the machine forbids it', async (policy, reason) => {
    const folder = join(agent.stateDir, 'config')
    mkdirSync(folder)
    writeFileSync(join(folder, 'agent.toml'), '')
    writeFileSync(join(folder, 'policy.toml'), stringify(policy))
    await start('--config', join(folder, 'agent.toml'))
    const action = gateway.orderTask(quarantine())
    expect(await gateway.event(action, 'failed')).toEqual({ kind: 'failed', reason, report: null })
    expect(existsSync(path)).toBe(true)
  })

  it('is no way out of the folders that the policy allows', async () => {
    const folder = join(agent.stateDir, 'config')
    mkdirSync(folder)
    writeFileSync(join(folder, 'agent.toml'), '')
    const allowed = join(files, 'allowed')
    mkdirSync(allowed)
    writeFileSync(join(folder, 'policy.toml'), stringify({ allowedPaths: [allowed] }))
    await start('--config', join(folder, 'agent.toml'))
    const action = gateway.orderTask(quarantine({ path: { text: `${allowed}/../found` } }))
    await gateway.event(action, 'failed')
    expect(existsSync(path)).toBe(true)
  })
})

describe('an order to restore a file', () => {
  it('of which the quarantine knows nothing fails', async () => {
    await start()
    const action = gateway.orderTask({ verb: 'restore', quarantineId: randomUUID() })
    expect(await gateway.event(action, 'failed')).toMatchObject({
      reason: 'The quarantine holds no such file.',
    })
  })

  it('replaces nothing and goes nowhere else', async () => {
    await start()
    const { quarantineId = '' } = await gateway.event(gateway.orderTask(quarantine()), 'done')
    writeFileSync(path, 'mine')
    const elsewhere = { to: join(files, 'elsewhere'), overwrite: true }
    const action = gateway.orderTask({ verb: 'restore', quarantineId, ...elsewhere })
    await gateway.event(action, 'failed')
    expect([readdirSync(files), readFileSync(path, 'utf8')]).toEqual([['found'], 'mine'])
  })
})

describe('an order to update the signatures', () => {
  it('fails where the agent leaves them to others', async () => {
    await start()
    const { reason } = await gateway.event(gateway.orderTask({ verb: 'updateSignatures' }), 'failed')
    expect(reason).toBe('The signatures of this machine are not kept by its agent.')
  })

  it('is begun again after the agent ended in the midst of it', async () => {
    const began: TaskContext[] = []
    const { scanning } = agent.parts
    agent.parts.scanning = (options) => ({
      ...scanning(options),
      updateSignatures: async (_order, context): Promise<TaskOutcome> => {
        began.push(context)
        if (began.length > 1) return { kind: 'done', sentence: 'The signatures are those of today.' }
        await once(context.signal, 'abort')
        return { kind: 'interrupted' }
      },
    })
    await start()
    const action = gateway.orderTask({ verb: 'updateSignatures' })
    await until(() => began.length === 1, 'it was begun')
    await agent.stop()
    await start()
    await gateway.event(action, 'done')
    expect(gateway.kinds(action)).toEqual(['accepted', 'done'])
    expect(began.map(({ isRepeated }) => isRepeated)).toEqual([false, false])
  })
})

describe('an agent that is killed in a task', { timeout: 120_000 }, () => {
  function startProcess(...kill: string[]): ChildProcess {
    const args = [PROGRAM, agent.stateDir, join(agent.stateDir, 'scans.log'), '0', ...kill]
    return spawn(process.execPath, args, { stdio: 'ignore' })
  }

  it.each([
    ['before', 'acceptTask'],
    ['after', 'acceptTask'],
    ['after', 'beginAttempt'],
    ['before', 'end'],
    ['after', 'end'],
  ])('%s %s of its journal takes the file once, and says under which id', async (when, write) => {
    const victim = startProcess(when, write)
    await gateway.connected()
    const action = gateway.orderTask(quarantine())
    await once(victim, 'exit')
    expect(victim.signalCode).toBe('SIGKILL')
    // Whoever puts one like it there again has not asked for that one to be taken.
    const wasTaken = !existsSync(path)
    if (wasTaken) writeFileSync(path, CONTENT)
    await start()
    const { quarantineId } = await gateway.event(action, 'done')
    expect(gateway.kinds(action)).toEqual(['accepted', 'done'])
    expect(existsSync(path)).toBe(wasTaken)
    const records = readdirSync(join(agent.stateDir, 'quarantine')).filter((name) => name.endsWith('.json'))
    expect(records).toEqual([`${quarantineId}.json`])
  })
})
