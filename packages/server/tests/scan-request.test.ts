// https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan
import type { MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer, refusalOf } from './api-server.ts'
import { accepted } from './stores/builders.ts'

const BODY = { Comment: 'Check machine for viruses due to alert 3212', ScanType: 'Full' }
const ODATA_TYPE = 'application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8'

describe('requesting an antivirus scan', () => {
  let api: ApiServer
  let ask: ApiCaller
  let machines = 0

  beforeAll(async () => {
    api = await ApiServer.start()
    ask = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const newMachine: ApiServer['machine'] extends (n: number, ...rest: infer Rest) => infer Made
    ? (...rest: Rest) => Made
    : never = (...rest) => api.machine(++machines, ...rest)
  const scan = (id: string, body: string | object = BODY) =>
    ask(`POST /api/machines/${id}/runAntiVirusScan`, { body })

  it('answers 201 with a Pending action, every property in its place', async () => {
    const id = await newMachine()
    const answer = await scan(id)
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ 'content-type': ODATA_TYPE, 'odata-version': '4.0' })
    const action = answer.json<Record<string, string>>()
    expect(answer.text).toBe(
      JSON.stringify({
        '@odata.context': `${api.origin}/api/$metadata#MachineActions/$entity`,
        id: action.id,
        type: 'RunAntiVirusScan',
        title: null,
        requestor: 'Playbooks',
        requestorComment: BODY.Comment,
        status: 'Pending',
        machineId: id,
        computerDnsName: `Lab-${machines}.example`,
        creationDateTimeUtc: action.creationDateTimeUtc,
        lastUpdateDateTimeUtc: action.creationDateTimeUtc,
        cancellationRequestor: null,
        cancellationComment: null,
        cancellationDateTimeUtc: null,
        errorHResult: 0,
        scope: 'Full',
        externalId: null,
        requestSource: 'PublicApi',
        relatedFileInfo: null,
        commands: [],
        troubleshootInfo: null,
      }),
    )
    expect(action.creationDateTimeUtc).toMatch(/^2026-11-23T08:00:00(\.\d{1,7})?Z$/)
    expect((await ask(`GET /api/machineactions/${action.id}`)).text).toBe(answer.text)
  })

  it.each(['quick', 'QUICK', 'Quick'])('takes %s for Quick and keeps an ExternalId', async (ScanType) => {
    const answer = await scan(await newMachine(), { ...BODY, ScanType, ExternalId: 'case-7', Unknown: 1 })
    expect(answer.status).toBe(201)
    expect(answer.json()).toMatchObject({ scope: 'Quick', externalId: 'case-7' })
  })

  it('takes the id in any case', async () => {
    expect((await scan((await newMachine()).toUpperCase())).status).toBe(201)
  })

  it.each([
    [{ ScanType: 'Quick' }, 'MissingRequiredParameter', 'The parameter Comment is missing'],
    [{ Comment: 'c' }, 'MissingRequiredParameter', 'The parameter ScanType is missing'],
    [{ Comment: 'c', ScanType: null }, 'MissingRequiredParameter', 'The parameter ScanType is missing'],
    [
      { comment: 'c', ScanType: 'Quick' },
      'MissingRequiredParameter',
      'The parameter Comment is missing: write "Comment", not "comment" (names are case-sensitive)',
    ],
    [
      { Comment: 'c', scantype: 'Quick' },
      'MissingRequiredParameter',
      'The parameter ScanType is missing: write "ScanType", not "scantype" (names are case-sensitive)',
    ],
    [
      { 评论: 'c', ScanType: 'Quick' },
      'MissingRequiredParameter',
      'The parameter Comment is missing: write "Comment", not "评论" (names are case-sensitive)',
    ],
    [
      { Comment: 'c', ScanType: '快速' },
      'MissingRequiredParameter',
      'The parameter ScanType is missing: write "Quick", not "快速"',
    ],
    [
      { Comment: 'c', ScanType: '完全' },
      'MissingRequiredParameter',
      'The parameter ScanType is missing: write "Full", not "完全"',
    ],
    [
      { Comment: 'c', ScanType: 'Custom' },
      'InvalidInput',
      "ScanType is 'Custom' and must be 'Quick' or 'Full'",
    ],
    [{ Comment: 'c', ScanType: '' }, 'InvalidInput', "ScanType is '' and must be 'Quick' or 'Full'"],
    [{ Comment: ' \t', ScanType: 'Quick' }, 'InvalidInput', 'Comment is blank'],
    [
      { Comment: 'c'.repeat(4_001), ScanType: 'Quick' },
      'InvalidInput',
      'Comment has more than 4000 characters',
    ],
    [
      { Comment: 'c', ScanType: 'Quick', ExternalId: 'x'.repeat(1_001) },
      'InvalidInput',
      'ExternalId has more than 1000 characters',
    ],
    ['[]', 'InvalidRequestBody', 'Request body is incorrect: it must be a JSON object'],
    ['', 'InvalidRequestBody', 'Request body is incorrect: it is empty'],
    ['{"Comment":', 'InvalidRequestBody', 'Request body is incorrect: it is not JSON in UTF-8'],
  ])('answers 400 for %j', async (body, code, message) => {
    expect(refusalOf(await scan(await newMachine(), body))).toEqual({ status: 400, code, message })
  })

  it('takes a comment of 4,000 characters', async () => {
    expect((await scan(await newMachine(), { ...BODY, Comment: 'c'.repeat(4_000) })).status).toBe(201)
  })

  it.each(['1e5bc9d7e413ddd7902c2932e418702b84d0cc07', 'nonsense', '123123123', '%20'])(
    'answers 404 for the unknown machine %s',
    async (id) => {
      expect(refusalOf(await scan(id))).toEqual({
        status: 404,
        code: 'ResourceNotFound',
        message: `Machine ${decodeURIComponent(id)} was not found`,
      })
    },
  )

  it('checks what was said before it looks for the machine', async () => {
    expect(refusalOf(await scan('nonsense', {}))).toMatchObject({ code: 'MissingRequiredParameter' })
  })

  it('answers the same action while an equal scan waits for the machine', async () => {
    const id = await newMachine()
    const first = await scan(id)
    const second = await scan(id, { ...BODY, Comment: 'Me too' })
    expect({ status: second.status, text: second.text }).toEqual({ status: 201, text: first.text })
  })

  async function expectBlocked(id: MachineId, blockedBy: string, body: object): Promise<void> {
    const answer = await scan(id, body)
    const { target } = answer.json<{ error: { target: string } }>().error
    expect(answer.status).toBe(400)
    expect(answer.text).toBe(
      `{"error":{"code":"ActiveRequestAlreadyExists","message":"Action is already in progress","target":"${target}"}}`,
    )
    expect(answer.headers.link).toContain(`<${api.origin}/api/machineactions/${blockedBy}>`)
  }

  it('refuses another type while a scan waits, and any while one is under way', async () => {
    const id = await newMachine()
    const first = (await scan(id)).json<{ id: string }>()
    await expectBlocked(id, first.id, { ...BODY, ScanType: 'Quick' })
    await api.of.scans.takeEvent({
      machineId: id,
      actionId: first.id as never,
      number: 1,
      event: accepted,
      reportUrl: 'https://fleet.example',
      silenceMs: 60_000,
    })
    await expectBlocked(id, first.id, BODY)
  })

  it('takes a scan for a machine whose orders are held back', async () => {
    const id = await newMachine()
    await api.of.machines.holdOrders(id, 'Its key is in use twice.', {
      id: crypto.randomUUID(),
      principal: { kind: 'server', id: 'test', name: 'test' },
      operation: 'machine.holdOrders',
      target: id,
      detail: {},
    })
    expect((await scan(id)).status).toBe(201)
  })

  it('answers 401, 403, 405 and 415 as the API does', async () => {
    const id = await newMachine()
    const path = `/api/machines/${id}/runAntiVirusScan`
    const anonymous = await ask(`POST ${path}`, { body: BODY, headers: { authorization: 'Bearer x.y.z' } })
    expect(refusalOf(anonymous)).toMatchObject({ status: 401, code: 'Unauthorized' })
    expect(anonymous.headers['www-authenticate']).toBe('Bearer')
    const reader = await api.caller(['Machine.Read.All'])
    expect(refusalOf(await reader(`POST ${path}`, { body: BODY }))).toMatchObject({
      status: 403,
      code: 'Forbidden',
    })
    const wrongVerb = await ask(`GET ${path}`)
    expect(refusalOf(wrongVerb)).toMatchObject({ status: 405, code: 'MethodNotAllowed' })
    expect(wrongVerb.headers.allow).toBe('POST')
    const xml = await ask(`POST ${path}`, { body: '<x/>', headers: { 'content-type': 'application/xml' } })
    expect(refusalOf(xml)).toMatchObject({ status: 415, code: 'UnsupportedMediaType' })
  })

  it('does not see the machines of another tenant', async () => {
    const id = await newMachine()
    const other = crypto.randomUUID() as typeof api.tenant
    await api.stores.tenants.create({ id: other, domain: 'fabrikam.example', displayName: 'Fabrikam' })
    await api.addKeys(other)
    const stranger = await api.caller(undefined, other)
    expect(refusalOf(await stranger(`POST /api/machines/${id}/runAntiVirusScan`, { body: BODY }))).toEqual({
      status: 404,
      code: 'ResourceNotFound',
      message: `Machine ${id} was not found`,
    })
  })
})

describe('cancelling a machine action', () => {
  let api: ApiServer
  let ask: ApiCaller
  let actionId: string

  beforeAll(async () => {
    api = await ApiServer.start()
    ask = await api.caller()
    const id = await api.machine(1)
    const answer = await ask(`POST /api/machines/${id}/runAntiVirusScan`, { body: BODY })
    actionId = answer.json<{ id: string }>().id
  })
  afterAll(() => api[Symbol.asyncDispose]())

  it('answers 200 with the action Cancelled, once and again', async () => {
    const answer = await ask(`POST /api/machineactions/${actionId}/cancel`, {
      body: { Comment: 'Not needed' },
    })
    expect(answer.status).toBe(200)
    const action = answer.json<Record<string, unknown>>()
    expect(action).toMatchObject({
      '@odata.context': `${api.origin}/api/$metadata#MachineActions/$entity`,
      id: actionId,
      status: 'Cancelled',
      cancellationRequestor: 'Playbooks',
      cancellationComment: 'Not needed',
      cancellationDateTimeUtc: action.lastUpdateDateTimeUtc,
      errorHResult: -2147467260,
    })
    expect((await ask(`POST /api/v1.0/MachineActions/${actionId}/Cancel/`)).text).toBe(answer.text)
  })

  it('frees the machine for another scan, which may be cancelled without a word', async () => {
    const [machine] = (await ask('GET /api/machines')).json<{ value: { id: string }[] }>().value
    const next = await ask(`POST /api/machines/${machine?.id}/runAntiVirusScan`, { body: BODY })
    expect(next.status).toBe(201)
    const { id } = next.json<{ id: string }>()
    const cancelled = await ask(`POST /api/machineactions/${id}/cancel`)
    expect(cancelled.json()).toMatchObject({ status: 'Cancelled', cancellationComment: null })
  })

  it('refuses an action that has ended otherwise', async () => {
    const id = await api.machine(2)
    const answer = await ask(`POST /api/machines/${id}/runAntiVirusScan`, { body: BODY })
    const action = answer.json<{ id: string }>()
    api.clock.advance('73h')
    await api.stores.timeouts.expire(api.clock.now(), 10)
    ask = await api.caller()
    expect(refusalOf(await ask(`POST /api/machineactions/${action.id}/cancel`))).toEqual({
      status: 400,
      code: 'BadRequest',
      message: `Machine action ${action.id} has ended as TimeOut and cannot be cancelled`,
    })
    expect((await ask(`GET /api/machineactions/${action.id}`)).json()).toMatchObject({
      status: 'TimeOut',
      errorHResult: -2145844840,
    })
  })

  it('answers 404 for an unknown action and 403 to whoever may only read', async () => {
    for (const id of [crypto.randomUUID(), 'nonsense']) {
      expect(refusalOf(await ask(`POST /api/machineactions/${id}/cancel`))).toEqual({
        status: 404,
        code: 'ResourceNotFound',
        message: `Machine action ${id} was not found`,
      })
      expect(refusalOf(await ask(`GET /api/machineactions/${id}`)).status).toBe(404)
    }
    const reader = await api.caller(['Machine.Read.All'])
    expect(refusalOf(await reader(`POST /api/machineactions/${actionId}/cancel`)).status).toBe(403)
  })
})
