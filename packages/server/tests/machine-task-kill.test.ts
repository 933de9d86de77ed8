import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineTask, QuarantinedFile } from '@fleetsweep/protocol'
import { createDatabase, FakeAgent, SigningKey } from '@fleetsweep/testkit'
import { type PreparedServer, prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accepted, detected, done, finished } from './stores/builders.ts'

/** Each part starts the server anew, on a machine that may be busy. */
const TIMEOUT_MS = 240_000
const FILE = '0b8e7f66-6f2e-4c55-9a55-3f4b8f6f9a10'

describe.each(['SQLite', 'PostgreSQL'])('a server on %s that is killed', { timeout: TIMEOUT_MS }, (kind) => {
  it('after each word about a task goes on as if it had not been', async () => {
    const { key, prepared } = await prepare(kind)
    const machineId = prepared.machineIds[0] ?? ''
    const machine = { tenant: prepared.tenant.id, machineId, key }
    /** Does something with a server and an agent, and kills the server right after. */
    const step = async <Value>(act: (server: ServerProcess) => Promise<Value>): Promise<Value> => {
      await using server = await ServerProcess.start(prepared)
      // Awaited here, or it would be killed before.
      return await act(server)
    }
    const post = async (server: ServerProcess, path: string, body: object = { comment: 'Case 7' }) => {
      const answer = await server.call(`POST /fleet/v1/${path}`, body)
      expect(answer.status).toBe(201)
      return (await answer.json()) as { taskId: string; actionId: string }
    }
    const read = async <Value>(server: ServerProcess, path: string): Promise<Value> =>
      (await server.call(`GET /fleet/v1/${path}`)).json() as Promise<Value>

    const detectionId = await step(async (server) => {
      const { actionId } = await post(server, `machines/${machineId}/scans`, {
        scanType: 'Quick',
        comment: 'Nightly',
      })
      await using agent = await FakeAgent.open(server.url, machine)
      for (const [n, event] of [accepted, detected('/srv/eicar'), finished].entries()) {
        await agent.tell(actionId, n + 1, event)
      }
      const { items } = await read<{ items: { id: string }[] }>(server, 'detections')
      return items[0]?.id ?? ''
    })
    const { taskId } = await step((server) => post(server, `detections/${detectionId}/quarantine`))
    await step(async (server) => {
      await using agent = await FakeAgent.open(server.url, machine)
      expect(await agent.nextOrder()).toMatchObject({ verb: 'quarantine', actionId: taskId })
      // Killed here: the machine may not have had the order.
    })
    await step(async (server) => {
      await using agent = await FakeAgent.open(server.url, machine)
      expect(await agent.nextOrder()).toMatchObject({ verb: 'quarantine', actionId: taskId })
      expect(await agent.tell(taskId, 1, accepted)).toBe(1)
    })
    await step(async (server) => {
      const listed = [{ actionId: taskId, lastEvent: 2, ended: true }]
      await using agent = new FakeAgent(server.url, machine)
      await agent.greet()
      expect(await agent.heartbeat(listed)).toEqual([
        { actionId: taskId, ackedEvent: 1, verdict: 'continue' },
      ])
      expect(await agent.tell(taskId, 2, done(FILE))).toBe(2)
    })
    const restore = await step(async (server) => {
      expect(await read<MachineTask>(server, `machine-tasks/${taskId}`)).toMatchObject({
        status: 'Succeeded',
        quarantineId: FILE,
      })
      expect(await read<QuarantinedFile>(server, `quarantine/${FILE}`)).toMatchObject({
        state: 'quarantined',
        detectionId,
      })
      // Told again, because the machine may not have had the acknowledgement.
      await using agent = await FakeAgent.open(server.url, machine)
      expect(await agent.tell(taskId, 2, done(FILE))).toBe(2)
      return post(server, `quarantine/${FILE}/restore`)
    })
    await step(async (server) => {
      await using agent = await FakeAgent.open(server.url, machine)
      expect(await agent.nextOrder()).toMatchObject({ verb: 'restore', quarantineId: FILE })
      await agent.tell(restore.taskId, 1, accepted)
      await agent.tell(restore.taskId, 2, done())
    })
    await step(async (server) => {
      const { items } = await read<{ items: QuarantinedFile[] }>(server, 'quarantine')
      expect(items).toMatchObject([{ id: FILE, state: 'restored' }])
      const audit = await read<{ items: { operation: string }[] }>(server, 'audit?limit=200')
      const operations = audit.items.map(({ operation }) => operation)
      expect(operations.filter((operation) => /^(machineTask|quarantine)\./.test(operation)).sort()).toEqual([
        'machineTask.create',
        'machineTask.create',
        'machineTask.end',
        'machineTask.end',
        'quarantine.add',
        'quarantine.restore',
      ])
    })
  })
})

async function prepare(kind: string): Promise<{ key: SigningKey; prepared: PreparedServer }> {
  const root = mkdtempSync(join(tmpdir(), 'fleetsweep-task-kill-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const database = kind === 'PostgreSQL' ? await createDatabase() : undefined
  if (database) onTestFinished(() => database[Symbol.asyncDispose]())
  const key = new SigningKey()
  return {
    key,
    prepared: await prepareServer(join(root, 'data'), [key.publicKey], database?.connectionString),
  }
}
