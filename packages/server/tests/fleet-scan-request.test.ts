import { randomUUID } from 'node:crypto'
import { PERMISSIONS } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  refusalOf,
  sqliteDatabase,
} from './api-server.ts'

const QUICK = { scanType: 'Quick', comment: 'Nightly' }
const CUSTOM = { scanType: 'Custom', comment: 'Upload folder', paths: ['/srv/upload', '/srv/mail'] }

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('a scan that is asked for through the Fleet API, on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let ask: ApiCaller
  let machines = 0
  beforeAll(async () => {
    api = await ApiServer.start(open)
    ask = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const newMachine = () => api.machine(++machines)
  const scan = (machine: string, body: object = QUICK, key?: string, by = ask) =>
    by(`POST /fleet/v1/machines/${machine}/scans`, {
      body,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    })

  it('is answered 201 with where to read on, and is a machine action as well', async () => {
    const machine = await newMachine()
    const answer = await scan(machine, { ...CUSTOM, rescan: true, externalId: 'case-7' })
    expect(answer.status).toBe(201)
    const asked = answer.json<{ actionId: string }>()
    expect(asked).toEqual({
      actionId: expect.any(String),
      machineId: machine,
      computerDnsName: `Lab-${machines}.example`,
      scanType: 'Custom',
      paths: CUSTOM.paths,
      rescan: true,
      requestor: 'Playbooks',
      comment: 'Upload folder',
      externalId: 'case-7',
      requestedAt: expect.any(String),
    })
    expect(answer.headers.location).toBe(`${api.origin}/fleet/v1/scans/${asked.actionId}`)
    const read = await ask(`GET ${new URL(answer.headers.location ?? '').pathname}`)
    expect(read.json()).toMatchObject({ scanType: 'Custom', paths: CUSTOM.paths, rescan: true })
    const action = await ask(`GET /api/machineactions/${asked.actionId}`)
    expect(action.json()).toMatchObject({ scope: 'Custom', status: 'Pending', externalId: 'case-7' })
    expect((await ask(`GET /api/machineactions?$filter=scope%20eq%20'Custom'`)).text).toContain(
      asked.actionId,
    )
  })

  it('blocks another one, and is the answer to an equal one', async () => {
    const machine = await newMachine()
    const first = await scan(machine, CUSTOM)
    expect((await scan(machine, CUSTOM)).text).toBe(first.text)
    for (const other of [QUICK, { ...CUSTOM, paths: ['/srv'] }, { ...CUSTOM, rescan: true }]) {
      const refused = await scan(machine, other)
      expect(refused.json()).toMatchObject({ status: 400, code: 'ActiveRequestAlreadyExists' })
      expect(refused.headers.link).toContain(first.json<{ actionId: string }>().actionId)
    }
    const defender = await ask(`POST /api/machines/${machine}/runAntiVirusScan`, {
      body: { Comment: 'Also', ScanType: 'Full' },
    })
    expect(refusalOf(defender)).toMatchObject({ code: 'ActiveRequestAlreadyExists' })
  })

  it.each([
    [{ ...QUICK, paths: ['/srv'] }, 'paths goes with'],
    [{ scanType: 'Custom', comment: 'c' }, 'paths goes with'],
    [{ ...CUSTOM, paths: [] }, 'paths'],
    [{ ...CUSTOM, paths: ['srv'] }, 'paths holds \\"srv\\", which is not absolute'],
    [{ ...CUSTOM, paths: ['/srv/../etc'] }, '. or ..'],
    [{ ...CUSTOM, paths: Array.from({ length: 3 }, () => `/${'a'.repeat(4_000)}`) }, 'too long together'],
    [{ ...QUICK, scanType: 'quick' }, 'scanType'],
    [{ ...QUICK, comment: ' ' }, 'comment is blank'],
    [{ ...QUICK, path: '/srv' }, 'path is not known here'],
  ])('is refused as %#', async (body, why) => {
    const refused = await scan(await newMachine(), body)
    expect(refused.json()).toMatchObject({ status: 400, code: 'InvalidInput' })
    expect(refused.text).toContain(why)
  })

  it('needs one permission more where the caller chooses the paths', async () => {
    const machine = await newMachine()
    const scanner = await api.caller(PERMISSIONS.filter((permission) => permission !== 'Scan.Run.Custom'))
    expect((await scan(machine, CUSTOM, undefined, scanner)).json()).toMatchObject({ status: 403 })
    expect((await scan(machine, QUICK, undefined, scanner)).status).toBe(201)
    const chooser = await api.caller(['Scan.Run.Custom'])
    expect((await scan(await newMachine(), CUSTOM, undefined, chooser)).status).toBe(403)
  })

  describe('with an Idempotency-Key', () => {
    it('is started once, however often and however fast it is asked for', async () => {
      const [machine, key] = [await newMachine(), randomUUID()]
      const answers = await Promise.all(Array.from({ length: 20 }, () => scan(machine, QUICK, key)))
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
      const { actionId } = (answers[0] as (typeof answers)[0]).json<{ actionId: string }>()
      await ask(`POST /api/machineactions/${actionId}/cancel`, { body: { Comment: 'No' } })
      expect(await scan(machine, QUICK, `"${key}"`)).toMatchObject({ status: 201, text: answers[0]?.text })
    })

    it('is refused with 422 when the key came with another request, or for another machine', async () => {
      const [machine, key] = [await newMachine(), randomUUID()]
      await scan(machine, QUICK, key)
      const other = { ...QUICK, comment: 'Another' }
      expect((await scan(machine, other, key)).json()).toMatchObject({
        status: 422,
        code: 'IdempotencyKeyReused',
      })
      expect((await scan(await newMachine(), QUICK, key)).status).toBe(422)
    })

    it('leaves the key to everybody else', async () => {
      const [machine, key] = [await newMachine(), randomUUID()]
      await scan(machine, QUICK, key)
      const other = await api.caller(['Machine.Scan'])
      expect((await scan(await newMachine(), QUICK, key, other)).status).toBe(201)
      expect((await scan(machine, { ...QUICK, comment: 'Mine' }, key, other)).status).toBe(422)
    })

    it.each(['', 'with blank', 'é', 'x'.repeat(256)])('is refused when the key is %j', async (key) => {
      expect((await scan(await newMachine(), QUICK, key)).status).toBe(400)
    })
  })
})
