import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeGateway, MovableClock, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../src/os/logger.ts'
import { keepRetention } from '../src/quarantine/index.ts'
import { openTestQuarantine } from './open-test-quarantine.ts'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway
let agent: TestAgent
let files: string
let file: string

beforeEach(async () => {
  gateway = await FakeGateway.start()
  agent = new TestAgent()
  files = mkdtempSync(join(tmpdir(), 'fleetsweep-files-'))
  file = join(files, 'attachment.bin')
  writeFileSync(file, 'content')
  await agent.enroll(gateway)
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  rmSync(files, { recursive: true, force: true })
})

async function start(...argv: string[]): Promise<void> {
  agent.start(...argv)
  await gateway.connected()
  await until(async () => (await agent.command('quarantine', 'list')) === 0, 'the agent answers', {
    everyMs: 50,
  })
}

async function add(path: string): Promise<string> {
  expect(await agent.command('quarantine', 'add', path)).toBe(0)
  return agent.stdout.trim()
}

describe('the quarantine of an agent that runs', () => {
  it('takes a file from somebody at the machine, lists it and gives it back, and the log says who', async () => {
    await start()
    const id = await add(file)
    expect(existsSync(file)).toBe(false)
    await agent.command('quarantine', 'list')
    expect(agent.stdout).toMatch(`${id}  quarantined  `)
    expect(agent.stdout).toContain(`by hand  ${file}\n`)
    expect(await agent.command('quarantine', 'restore', id, '--to', join(files, 'elsewhere'))).toBe(0)
    expect(readFileSync(join(files, 'elsewhere'), 'utf8')).toBe('content')
    await agent.command('history', '--json', '--limit', '2')
    expect(JSON.parse(agent.stdout)).toMatchObject([
      {
        asked: { verb: 'restore', origin: 'local', requestor: expect.any(String), subjects: [id] },
        ended: { ending: 'done', sentence: `Back at ${join(files, 'elsewhere')}.` },
      },
      { asked: { verb: 'quarantine', subjects: [file] }, ended: { sentence: `In quarantine as ${id}.` } },
    ])
  })

  it('refuses in the same words as one that is opened without an agent, and logs that', async () => {
    const refusals: string[] = []
    for (const isRunning of [false, true]) {
      if (isRunning) await start()
      agent.stderr = ''
      expect(await agent.command('quarantine', 'add', join(agent.stateDir, 'identity.json'))).toBe(1)
      expect(await agent.command('quarantine', 'restore', 'no-such-id')).toBe(1)
      refusals.push(
        agent.stderr
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('{'))
          .join('\n'),
      )
    }
    expect(refusals[0]).toMatch(
      /stays where it is\. It is a file of the agent itself\.\nIt stays in quarantine/,
    )
    expect(refusals[1]).toBe(refusals[0])
    await agent.command('history', '--limit', '1')
    expect(agent.stdout).toContain('failed: It stays in quarantine. The quarantine holds no such file.')
  })

  it('lists more than one answer holds', async () => {
    await start()
    const id = await add(file)
    const store = join(agent.stateDir, 'quarantine')
    const record = readFileSync(join(store, `${id}.json`), 'utf8')
    for (let i = 0; i < 54; i++) {
      const copy = randomUUID()
      writeFileSync(join(store, `${copy}.json`), record.replace(id, copy))
    }
    await agent.command('quarantine', 'list')
    const ids = agent.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0])
    expect(new Set(ids).size).toBe(55)
  })

  it('can be looked into, and taken from, where the policy forbids the server to fill it', async () => {
    const id = await add(file)
    mkdirSync(join(files, 'config'))
    const config = join(files, 'config', 'agent.toml')
    writeFileSync(config, '')
    writeFileSync(join(files, 'config', 'policy.toml'), 'quarantine = false\n')
    await start('--config', config)
    expect(await agent.command('quarantine', 'restore', id)).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('content')
  })
})

it('what was kept long enough is deleted while the agent runs, by its clock', async () => {
  const clock = new MovableClock()
  const store = join(files, 'store')
  const quarantine = await openTestQuarantine(store, { clock })
  const taken = await quarantine.take({
    path: Buffer.from(file),
    threatName: 'Test',
    actionId: null,
    takenBy: 'test',
  })
  expect(taken.kind).toBe('quarantined')
  using _retention = keepRetention(
    quarantine,
    clock,
    createLogger('error', () => {}),
  )
  const kept = () => readdirSync(store).filter((name) => name !== 'key').length
  await clock.advance('89d')
  await quarantine.deleteExpired()
  expect(kept()).toBe(2)
  await clock.advance('2d')
  await until(() => kept() === 0, 'it is deleted')
})
