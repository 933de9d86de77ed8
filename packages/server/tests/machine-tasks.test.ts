import { randomUUID } from 'node:crypto'
import { type MachineId, type MachineTask, PERMISSIONS, type QuarantinedFile } from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, SigningKey } from '@fleetsweep/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  sqliteDatabase,
} from './api-server.ts'
import { accepted, detected, done, failed } from './stores/builders.ts'

const WHY = { comment: 'Case 7' }
const SHA256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('what a machine is asked for beside scans, on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let ask: ApiCaller
  let machine: FakeMachine
  let machines = 0
  beforeAll(async () => {
    api = await ApiServer.start(open)
    ask = await api.caller()
  })
  beforeEach(async () => {
    const key = new SigningKey()
    const machineId = await api.machine(++machines, {}, [], key.publicKey)
    machine = { tenant: api.tenant, machineId, key }
  })
  afterAll(() => api[Symbol.asyncDispose]())

  /** A scan of the machine has found a file. @param event what the machine told of it */
  const detection = async (event = detected('/srv/mail/eicar')): Promise<string> => {
    const body = { scanType: 'Quick', comment: 'Nightly' }
    const scan = await ask(`POST /fleet/v1/machines/${machine.machineId}/scans`, { body })
    const { actionId } = scan.json<{ actionId: string }>()
    await using agent = await connect()
    await agent.nextOrder()
    await agent.tell(actionId, 1, accepted)
    await agent.tell(actionId, 2, event)
    const found = await ask(`GET /fleet/v1/detections?machineId=${machine.machineId}`)
    await agent.tell(actionId, 3, failed('Enough.'))
    return found.json<{ items: { id: string }[] }>().items[0]?.id ?? ''
  }
  const bootId = randomUUID()
  const connect = () => FakeAgent.open(api.origin, machine, { bootId })
  const post = (path: string, body: object = WHY, key?: string, by = ask) =>
    by(`POST /fleet/v1/${path}`, {
      body,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    })
  const task = async (id: string) => (await ask(`GET /fleet/v1/machine-tasks/${id}`)).json<MachineTask>()
  const auditOf = async (target: string) =>
    (await ask(`GET /fleet/v1/audit?target=${target}`))
      .json<{ items: { operation: string; target: string }[] }>()
      .items.filter((entry) => entry.target === target)
      .map(({ operation }) => operation)

  it('is answered 201 with where to read on, ordered, and ends with what the machine says', async () => {
    const answer = await post(`machines/${machine.machineId}/updateSignatures`)
    expect(answer.status).toBe(201)
    const asked = answer.json<{ taskId: string }>()
    expect(asked).toEqual({
      taskId: expect.any(String),
      verb: 'updateSignatures',
      machineId: machine.machineId,
      computerDnsName: `Lab-${machines}.example`,
      detectionId: null,
      requestor: 'Playbooks',
      comment: 'Case 7',
      requestedAt: expect.any(String),
    })
    const { taskId } = asked
    expect(answer.headers.location).toBe(`${api.origin}/fleet/v1/machine-tasks/${taskId}`)
    expect(await task(taskId)).toMatchObject({ status: 'Pending', endedAt: null, sentence: null })

    await using agent = await connect()
    expect(await agent.nextOrder()).toEqual({
      verb: 'updateSignatures',
      machineId: machine.machineId,
      actionId: taskId,
      agentNonce: agent.agentNonce,
      counter: 1,
      requestor: 'Playbooks',
      comment: 'Case 7',
    })
    await agent.tell(taskId, 1, accepted)
    const waiting = ask(`GET /fleet/v1/machine-tasks/${taskId}?wait=30`)
    expect(await task(taskId)).toMatchObject({ status: 'InProgress' })
    await agent.tell(taskId, 2, done())
    expect((await waiting).json()).toMatchObject({ status: 'Succeeded', sentence: 'It is done.' })
    const list = await ask(`GET /fleet/v1/machines/${machine.machineId}/tasks`)
    expect(list.json()).toEqual({ items: [await task(taskId)], nextCursor: null })
    expect((await auditOf(taskId)).sort()).toEqual(['machineTask.create', 'machineTask.end'])
  })

  it('reaches a machine that is connected at once', async () => {
    await using agent = await connect()
    const { taskId } = (await post(`machines/${machine.machineId}/updateSignatures`)).json<{
      taskId: string
    }>()
    expect(await agent.nextOrder()).toMatchObject({ verb: 'updateSignatures', actionId: taskId })
  })

  it('moves the file of a detection to quarantine, and gives it back', async () => {
    const detectionId = await detection()
    const { taskId } = (await post(`detections/${detectionId}/quarantine`)).json<{ taskId: string }>()
    await using agent = await connect()
    expect(await agent.nextOrder()).toMatchObject({
      verb: 'quarantine',
      actionId: taskId,
      path: { text: '/srv/mail/eicar' },
      sha256: SHA256,
      threatName: 'Eicar-Test-Signature',
    })
    const quarantineId = randomUUID()
    await agent.tell(taskId, 1, accepted)
    await agent.tell(taskId, 2, done(quarantineId))
    const read = () => ask(`GET /fleet/v1/quarantine/${quarantineId}`)
    const file = (await read()).json<QuarantinedFile>()
    expect(file).toEqual({
      id: quarantineId,
      machineId: machine.machineId,
      computerDnsName: `Lab-${machines}.example`,
      state: 'quarantined',
      path: { text: '/srv/mail/eicar' },
      threatName: 'Eicar-Test-Signature',
      sha256: SHA256,
      sizeBytes: 68,
      detectionId,
      cause: 'order',
      quarantinedAt: expect.any(String),
      restoredAt: null,
      failure: null,
    })
    const list = await ask(`GET /fleet/v1/quarantine?machineId=${machine.machineId}&state=quarantined`)
    expect(list.json()).toEqual({ items: [file], nextCursor: null })
    expect((await post(`detections/${detectionId}/quarantine`)).json()).toMatchObject({
      status: 400,
      code: 'BadRequest',
    })

    const restore = (await post(`quarantine/${quarantineId}/restore`)).json<{ taskId: string }>()
    expect(await agent.nextOrder()).toMatchObject({ verb: 'restore', quarantineId })
    await agent.tell(restore.taskId, 1, accepted)
    await agent.tell(restore.taskId, 2, done())
    expect((await read()).json()).toMatchObject({ state: 'restored', restoredAt: expect.any(String) })
    expect((await post(`quarantine/${quarantineId}/restore`)).json()).toMatchObject({ status: 400 })
    expect((await auditOf(quarantineId)).sort()).toEqual(['quarantine.add', 'quarantine.restore'])
  })

  it('is not needed for a file that a scan moved to quarantine by its policy', async () => {
    const quarantineId = randomUUID()
    const detectionId = await detection(
      detected('/srv/mail/eicar', 1, { disposition: 'quarantined', quarantineId }),
    )
    const file = await ask(`GET /fleet/v1/quarantine/${quarantineId}`)
    expect(file.json()).toMatchObject({ cause: 'policy', detectionId })
    expect((await post(`detections/${detectionId}/quarantine`)).text).toContain(quarantineId)
  })

  it('is refused for a file that the machine could not tell from another', async () => {
    const unknown = await detection(detected('/srv/mail/eicar', 1, { sha256: null }))
    expect((await post(`detections/${unknown}/quarantine`)).json()).toMatchObject({ code: 'InvalidInput' })
  })

  it.each([
    [{}, 'comment'],
    [{ comment: ' ' }, 'comment is blank'],
    [{ comment: 'x'.repeat(4_001) }, '4000'],
    [{ ...WHY, path: '/etc/passwd' }, 'path is not known here'],
  ])('is refused with the body %#', async (body, why) => {
    const refused = await post(`machines/${machine.machineId}/updateSignatures`, body)
    expect(refused.json()).toMatchObject({ status: 400, code: expect.stringMatching(/^(Invalid|Missing)/) })
    expect(refused.text).toContain(why)
  })

  it('is 404 where there is nothing, whatever the id looks like', async () => {
    for (const id of [randomUUID(), 'x', '0'.repeat(32), '%00', '..%2f']) {
      for (const path of [`detections/${id}/quarantine`, `quarantine/${id}/restore`]) {
        expect([400, 404]).toContain((await post(path)).status)
      }
      expect([400, 404]).toContain((await ask(`GET /fleet/v1/machine-tasks/${id}`)).status)
    }
    expect((await ask(`GET /fleet/v1/machine-tasks/${randomUUID()}`)).status).toBe(404)
  })

  it('needs the permission to move files, which the one to scan is not', async () => {
    const detectionId = await detection()
    const scanner = await api.caller(PERMISSIONS.filter((one) => one !== 'Machine.StopAndQuarantine'))
    expect((await post(`detections/${detectionId}/quarantine`, WHY, undefined, scanner)).status).toBe(403)
    const mover = await api.caller(['Machine.StopAndQuarantine'])
    const update = `machines/${machine.machineId}/updateSignatures`
    expect((await post(update, WHY, undefined, mover)).status).toBe(403)
    expect((await post(`detections/${detectionId}/quarantine`, WHY, undefined, mover)).status).toBe(201)
  })

  it('is started once with an Idempotency-Key, also when it has ended, and the key is good for nothing else', async () => {
    const [key, path] = [randomUUID(), `machines/${machine.machineId}/updateSignatures`]
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(path, WHY, key)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const { taskId } = (answers[0] as (typeof answers)[0]).json<{ taskId: string }>()
    await api.of.machineTasks.takeEvent({
      machineId: machine.machineId as MachineId,
      actionId: taskId as never,
      number: 1,
      event: done(),
      silenceMs: 1_000,
    })
    expect((await post(path, WHY, key)).text).toBe(answers[0]?.text)
    expect((await post(path, { comment: 'Another' }, key)).status).toBe(422)
    const scan = { body: { scanType: 'Quick', comment: 'c' }, headers: { 'idempotency-key': key } }
    expect((await ask(`POST /fleet/v1/machines/${machine.machineId}/scans`, scan)).status).toBe(422)
  })
})
