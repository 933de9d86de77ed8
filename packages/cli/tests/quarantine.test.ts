import { randomUUID } from 'node:crypto'
import type { FleetDetection, MachineTask, QuarantinedFile } from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, sampleDetection } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../src/index.ts'
import { CliTestIo } from './cli-test-io.ts'

let server: TestServer
let machine: FakeMachine
let agent: FakeAgent
let detectionId = ''

beforeAll(async () => {
  server = await TestServer.start()
  machine = await server.enroll('lab-01.example')
  agent = await FakeAgent.open(server.url, machine)
  const { id } = await server.requestScan(machine)
  await agent.nextOrder()
  await agent.tell(id, 1, { kind: 'detection', attempt: 1, detection: sampleDetection('/srv/eicar') })
  await agent.tell(id, 2, { kind: 'failed', reason: 'Enough.', report: null })
  const { detections } = await server.scan(id)
  detectionId = detections[0]?.id ?? ''
})
afterAll(async () => {
  await agent[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function run(...args: string[]) {
  const io = new CliTestIo()
  io.env = {
    FLEETSWEEP_URL: server.url,
    FLEETSWEEP_TENANT: server.made.tenant.id,
    FLEETSWEEP_CLIENT_ID: server.made.application.id,
    FLEETSWEEP_CLIENT_SECRET: server.made.application.secret,
  }
  const code = await runCli(args, io)
  return { code, out: io.stdout, err: io.stderr, json: <T>() => JSON.parse(io.stdout) as T }
}

/** Does as the machine does with the next order. */
async function obey(event: Parameters<FakeAgent['tell']>[2]): Promise<void> {
  const { actionId } = await agent.nextOrder()
  await agent.tell(actionId, 1, event)
}

const done = { kind: 'done', sentence: 'The file is in quarantine.' } as const

describe('quarantine on the command line', () => {
  it('moves the file of a detection there, lists it, and gives it back', async () => {
    expect((await run('quarantine', 'list')).err).toContain('No such files')
    expect((await run('detections')).out).toContain(detectionId)
    const quarantineId = randomUUID()
    const adding = run('quarantine', 'add', detectionId, '--wait', '--comment', 'Case 7', '--json')
    await obey({ ...done, quarantineId })
    const added = await adding
    expect(added.code).toBe(0)
    expect(added.json<MachineTask[]>()).toMatchObject([
      { verb: 'quarantine', status: 'Succeeded', comment: 'Case 7', quarantineId },
    ])
    const table = await run('quarantine', 'list', '--machine', machine.machineId, '--state', 'quarantined')
    expect(table.out).toMatch(new RegExp(`${quarantineId} +quarantined +\\S+ +lab-01.example +/srv/eicar`))
    const list = (await run('quarantine', 'list', '--json')).json<QuarantinedFile[]>()
    expect(list).toMatchObject([{ id: quarantineId, detectionId }])
    const found = (await run('detections', '--json')).json<FleetDetection[]>()
    expect(found).toMatchObject([{ disposition: 'quarantined', quarantineId }])

    const restoring = run('quarantine', 'restore', quarantineId, '--wait')
    await obey({ kind: 'failed', reason: 'Its folder is gone.', report: null })
    const restored = await restoring
    expect(restored.code).toBe(1)
    expect(restored.out).toMatch(/restore +lab-01\.example +Failed +Its folder is gone\./)
    expect((await run('quarantine', 'list')).out).toContain('failed: Its folder is gone.')
  })

  it.each([
    [['add'], /Say which detection/],
    [['restore', 'a', 'b'], /one too many/],
    [['list', '--state', 'gone'], /--state is one of quarantined, restored, failed/],
    [['remove'], /Say one of list, add, restore/],
  ])('is refused as %j', async (args, message) => {
    const refused = await run('quarantine', ...args)
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(message)
  })

  it('says that there is no such file', async () => {
    const refused = await run('quarantine', 'restore', randomUUID())
    expect(refused).toMatchObject({ code: 1, out: '' })
  })
})

describe('signatures on the command line', () => {
  it('are brought up to date when asked for, and the machine shows that it was asked', async () => {
    const asked = await run('signatures', 'update', 'lab-01.example')
    expect(asked.code).toBe(0)
    expect(asked.out).toMatch(/update signatures +lab-01\.example +Pending/)
    await obey({ ...done, sentence: 'Updated: daily.' })
    expect((await run('tasks', 'lab-01.example')).out).toMatch(/Succeeded +Updated: daily\./)
  })

  it('need a machine', async () => {
    expect(await run('signatures', 'update')).toMatchObject({ code: 2 })
    expect(await run('tasks')).toMatchObject({ code: 2 })
  })
})
