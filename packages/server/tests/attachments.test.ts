import { createHash, randomBytes } from 'node:crypto'
import {
  ATTACHMENT_PIECE_BYTES,
  type AttachmentState,
  attachmentPath,
  type MachineActionId,
  type MachineId,
} from '@fleetsweep/protocol'
import { buildReport, SigningKey } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  sqliteDatabase,
} from './api-server.ts'
import { call } from './call.ts'

const PIECE = ATTACHMENT_PIECE_BYTES
async function refusal(ask: ApiCaller, actionId: string): Promise<string> {
  const answer = await ask(`GET /fleet/v1/scans/${actionId}/not-scanned`)
  expect(answer.status).toBe(404)
  return answer.text
}

const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex')

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('the list of what a scan left out, on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let serverId: string
  let machines = 0
  beforeAll(async () => {
    api = await ApiServer.start(open)
    serverId = await api.serverId()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  /** A scan whose report names this list, and its machine. */
  const scanned = async (content: Buffer, { isReported = true, bytes = content.length } = {}) => {
    const key = new SigningKey()
    const machineId = await api.machine(++machines, {}, [], key.publicKey)
    const ask = await api.caller()
    const asked = await ask(`POST /fleet/v1/machines/${machineId}/scans`, {
      body: { scanType: 'Quick', comment: 'c' },
    })
    const actionId = asked.json<{ actionId: string }>().actionId as MachineActionId
    const sha256 = sha256Of(content)
    const report = buildReport({ notScannedList: { files: 3, bytes, sha256, isWhole: true } })
    const tellReport = () =>
      api.of.scans.takeEvent({
        machineId: machineId as MachineId,
        actionId,
        number: 1,
        event: { kind: 'finished', report },
        reportUrl: api.origin,
        silenceMs: 60_000,
      })
    if (isReported) await tellReport()
    const signer = (by: SigningKey, hash: string, id: string) => {
      const fields = [serverId, api.tenant, machineId, id, hash]
      return `FleetsweepMachine ${by.sign('fleetsweep.agent.v1/attachment', fields)}`
    }
    const send = async (
      method: 'GET' | 'PUT',
      given: { offset?: number; body?: Buffer; by?: SigningKey; sha256?: string; actionId?: string } = {},
    ) => {
      const named = { sha256: given.sha256 ?? sha256, actionId: given.actionId ?? actionId }
      const path = attachmentPath({ tenant: api.tenant, machineId, ...named })
      const query = method === 'PUT' ? `?offset=${given.offset ?? 0}` : ''
      return call(api.origin, `${method} ${path}${query}`, {
        headers: { authorization: signer(given.by ?? key, named.sha256, named.actionId) },
        ...(given.body && { body: given.body }),
      })
    }
    const state = async (...args: Parameters<typeof send>) => (await send(...args)).json<AttachmentState>()
    return { actionId, ask, send, state, tellReport }
  }

  it('comes in pieces, goes on where it was, and is read as it was sent', async () => {
    const content = randomBytes(2 * PIECE + 17)
    const { actionId, ask, state } = await scanned(content)
    const at = (offset: number) => ({ offset, body: content.subarray(offset, offset + PIECE) })
    expect(await state('GET')).toEqual({ state: 'wanted', receivedBytes: 0 })
    expect(await state('PUT', at(0))).toEqual({ state: 'wanted', receivedBytes: PIECE })
    expect(await state('PUT', at(0))).toEqual({ state: 'wanted', receivedBytes: PIECE })
    expect(await state('PUT', at(2 * PIECE))).toEqual({ state: 'wanted', receivedBytes: PIECE })
    expect(await refusal(ask, actionId)).toMatch(`${PIECE} of ${content.length} bytes have come`)
    expect(await state('PUT', at(PIECE))).toEqual({ state: 'wanted', receivedBytes: 2 * PIECE })
    const complete = { state: 'complete', receivedBytes: content.length }
    expect(await state('PUT', at(2 * PIECE))).toEqual(complete)
    expect(await state('PUT', at(0))).toEqual(complete)
    const kept = await Array.fromAsync(api.of.blobs.read(actionId))
    expect(Buffer.concat(kept).equals(content)).toBe(true)
    const read = await ask(`GET /fleet/v1/scans/${actionId}/not-scanned`)
    expect(read.headers).toMatchObject({
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="not-scanned-${actionId}.ndjson.gz"`,
    })
    expect(read.headers['content-encoding']).toBeUndefined()
    expect(read.text).toBe(content.toString('utf8'))
  })

  it('says why there is none', async () => {
    const running = await scanned(randomBytes(100), { isReported: false })
    expect(await refusal(running.ask, running.actionId)).toMatch('the scan has not ended')
    const empty = await scanned(Buffer.alloc(0))
    expect(await refusal(empty.ask, empty.actionId)).toMatch('its report names none')
    const huge = await scanned(randomBytes(10), { bytes: 2 ** 40 })
    expect(await refusal(huge.ask, huge.actionId)).toMatch(
      /it has 1099511627776 bytes, more than the \d+ that are kept of one scan/,
    )
    expect(await refusal(huge.ask, '00000000-0000-4000-8000-000000000000')).toMatch('The scan 0000')
  })

  it('is taken away when its hash is wrong, and may be sent anew', async () => {
    const content = randomBytes(100)
    const { state } = await scanned(content)
    expect(await state('PUT', { body: randomBytes(100) })).toEqual({ state: 'wanted', receivedBytes: 0 })
    expect(await state('PUT', { body: content })).toEqual({ state: 'complete', receivedBytes: 100 })
  })

  it('is not wanted before its report, nor one that no report names', async () => {
    const content = randomBytes(100)
    const { state, tellReport } = await scanned(content, { isReported: false })
    expect(await state('PUT', { body: content })).toEqual({ state: 'unreported', receivedBytes: 0 })
    await tellReport()
    expect(await state('GET')).toMatchObject({ state: 'wanted' })
    expect(await state('PUT', { body: content, sha256: 'a'.repeat(64) })).toMatchObject({ state: 'unwanted' })
    const actionId = '00000000-0000-4000-8000-000000000000'
    expect(await state('GET', { actionId })).toMatchObject({ state: 'unwanted' })
  })

  it('is nobody else’s to send', async () => {
    const { send } = await scanned(randomBytes(100))
    const other = await scanned(randomBytes(100))
    expect((await send('GET', { by: new SigningKey() })).status).toBe(401)
    expect((await send('GET', { actionId: other.actionId })).json()).toMatchObject({ state: 'unwanted' })
    const path = attachmentPath({
      tenant: api.tenant,
      machineId: 'f'.repeat(40),
      actionId: other.actionId,
      sha256: 'a'.repeat(64),
    })
    for (const authorization of ['', 'FleetsweepMachine x', 'Bearer x']) {
      expect((await call(api.origin, `GET ${path}`, { headers: { authorization } })).status).toBe(401)
    }
  })
})
