import {
  buildDetection,
  buildDeviceAvInfo,
  buildFileEvidence,
  FakeServer,
  SwiftRuntime,
} from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, platformRuntime } from './client-runtime.ts'
import { FleetsweepClient } from './fleetsweep-client.ts'
import { clientCredentials } from './sign-in/client-credentials.ts'

let server: FakeServer
let runtime: SwiftRuntime
let client: FleetsweepClient

beforeEach(async () => {
  server = await new FakeServer().listen()
  runtime = new SwiftRuntime()
  client = clientOf(server, runtime)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('signing in', () => {
  it('asks for one token, however many calls need it at once', async () => {
    const machine = server.addMachine()
    await Promise.all([1, 2, 3].map(() => client.getMachine(machine.id)))
    expect(tokenRequests()).toBe(1)
  })

  it('keeps a token until shortly before it ends', async () => {
    const machine = server.addMachine()
    await client.getMachine(machine.id)
    runtime.pass(3_539_000)
    await client.getMachine(machine.id)
    expect(tokenRequests()).toBe(1)
    runtime.pass(2_000)
    await client.getMachine(machine.id)
    expect(tokenRequests()).toBe(2)
  })

  it('asks again when the server refuses a token that should be good', async () => {
    const machine = server.addMachine()
    await client.getMachine(machine.id)
    server.endTokens()
    expect((await client.getMachine(machine.id)).id).toBe(machine.id)
  })

  it('says why the server gives no token', async () => {
    const wrong = clientOf(server, runtime, 'wrong')
    await expect(wrong.getMachine('x')).rejects.toMatchObject({
      code: 'SignInRefused',
      status: 401,
      message: 'AADSTS7000215: Invalid client secret provided. Trace ID: 1',
    })
  })

  it('waits when the server is too busy to give a token', async () => {
    const machine = server.addMachine()
    server.refuseNext({ path: /token/, status: 503, headers: { 'Retry-After': '3' } })
    expect((await client.getMachine(machine.id)).id).toBe(machine.id)
    expect(runtime.pauses).toEqual([3_000])
  })

  it('says when what answers is no token issuer', async () => {
    server.refuseNext({ path: /token/, status: 200, body: '<html>welcome</html>' })
    await expect(client.getMachine('x')).rejects.toMatchObject({ code: 'BadAnswer' })
  })
})

describe('antivirus info and waiting', () => {
  it('reads every entry, page after page', async () => {
    server.pageSize = 2
    for (const name of ['a', 'b', 'c']) server.avInfos.push(buildDeviceAvInfo({ computerDnsName: name }))
    const read = await all(client.listDeviceAvInfo())
    expect(read.map(({ computerDnsName }) => computerDnsName)).toEqual(['a', 'b', 'c'])
  })

  it('asks the server to hold the answer for as long as it says', async () => {
    const { id } = server.addAction()
    expect((await client.getFleetMachineAction(id, { waitSeconds: 45 })).id).toBe(id)
    expect((await client.getFleetMachineAction(id)).id).toBe(id)
    expect(server.requests.slice(-2)).toEqual([
      `GET /fleet/v1/machineActions/${id}?wait=45`,
      `GET /fleet/v1/machineActions/${id}`,
    ])
  })
})

describe('calling the Defender API', () => {
  it('runs a scan, reads it, and cancels it', async () => {
    const machine = server.addMachine()
    const action = await client.runAntivirusScan(machine.id, { scanType: 'Full', comment: 'why' })
    expect(action).toMatchObject({ status: 'Pending', scope: 'Full', requestorComment: 'why' })
    expect(await client.getMachineAction(action.id)).toEqual(action)
    const cancelled = await client.cancelMachineAction(action.id, 'enough')
    expect(cancelled).toMatchObject({ status: 'Cancelled', cancellationComment: 'enough' })
  })

  it('lists alerts with and without evidence, of one machine or of all, and changes one', async () => {
    const machine = server.addMachine()
    const evidence = [buildFileEvidence()]
    const mine = server.addAlert({ machineId: machine.id, evidence })
    server.addAlert({ severity: 'High' })
    const severe = await Array.fromAsync(client.listAlerts({ filter: "severity eq 'High'" }))
    expect(severe).toMatchObject([{ severity: 'High' }])
    const bare = await Array.fromAsync(client.listAlerts({ machine: machine.id }))
    expect(bare).toMatchObject([{ id: mine.id, evidence: [] }])
    const whole = await Array.fromAsync(client.listAlerts({ machine: machine.id, expandEvidence: true }))
    expect(whole).toMatchObject([{ id: mine.id, evidence }])
    await client.updateAlert(mine.id, { status: 'InProgress', assignedTo: 'ada', comment: 'Mine' })
    expect(await client.getAlert(mine.id)).toMatchObject({
      status: 'InProgress',
      assignedTo: 'ada',
      comments: [{ comment: 'Mine' }],
      evidence,
    })
  })

  it('throws the code of the server, with what to look up in its log', async () => {
    const machine = server.addMachine()
    await client.runAntivirusScan(machine.id, { scanType: 'Full', comment: 'first' })
    const second = client.runAntivirusScan(machine.id, { scanType: 'Quick', comment: 'second' })
    await expect(second).rejects.toMatchObject({
      code: 'ActiveRequestAlreadyExists',
      status: 400,
      target: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  it('follows next links to the end of a list', async () => {
    server.pageSize = 2
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => server.addMachine({ computerDnsName: name }).id)
    expect((await all(client.listMachines())).map(({ id }) => id)).toEqual(names)
  })

  it('reads no further than its limit', async () => {
    server.pageSize = 2
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.addMachine({ computerDnsName: name })
    const read = await all(client.listMachines({ limit: 3 }))
    expect(read.map(({ computerDnsName }) => computerDnsName)).toEqual(['a', 'b', 'c'])
  })

  it('writes a filter given as a tree', async () => {
    server.addMachine({ computerDnsName: 'lab' })
    const odd = server.addMachine({ computerDnsName: "o'brien & co+1" })
    const filter = {
      kind: 'compare',
      field: 'computerDnsName',
      operator: 'eq',
      value: { kind: 'string', value: "o'brien & co+1" },
    } as const
    expect((await all(client.listMachines({ filter }))).map(({ id }) => id)).toEqual([odd.id])
  })

  it('sends its token to no other origin, whatever a next link says', async () => {
    const body = JSON.stringify({
      value: [],
      '@odata.nextLink': `${server.baseUrl}.evil.example/api/machines`,
    })
    server.refuseNext({ path: /machines/, status: 200, body })
    await expect(all(client.listMachines())).rejects.toMatchObject({ code: 'BadAnswer' })
  })

  it('refuses an answer that does not fit the schema', async () => {
    server.refuseNext({ path: /machineactions/, status: 200, body: '{"id":5}' })
    await expect(client.getMachineAction('x')).rejects.toMatchObject({ code: 'BadAnswer', status: 200 })
  })

  it('refuses an error page that is not of this API', async () => {
    server.refuseNext({ path: /machineactions/, status: 404, body: '<html>' })
    await expect(client.getMachineAction('x')).rejects.toMatchObject({ code: 'BadAnswer', status: 404 })
  })
})

describe('finding and changing machines', () => {
  const all = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
    const items: T[] = []
    for await (const item of list) items.push(item)
    return items
  }

  it('finds them by address and moment, and by tag beside what a list takes', async () => {
    const machine = server.addMachine({ lastIpAddress: '2001:db8::1', machineTags: ['a&b'] })
    expect(await all(client.findMachinesByIp('2001:db8::1', '2026-11-23T08:12:26+01:00'))).toEqual([machine])
    expect(server.requests.at(-1)).toBe(
      "GET /api/machines/findbyip(ip='2001%3Adb8%3A%3A1',timestamp=2026-11-23T08%3A12%3A26%2B01%3A00)",
    )
    expect(await all(client.findMachinesByTag('a&b', { orderBy: 'lastSeen' }))).toEqual([machine])
    expect(server.requests.at(-1)).toBe(
      'GET /api/machines/findbytag?tag=a%26b&useStartsWithFilter=false&%24orderby=lastSeen',
    )
    expect(await all(client.findMachinesByTag('a', { startsWith: true, limit: 1 }))).toEqual([machine])
  })

  it('tags one or many of them, and says how much one matters', async () => {
    const [one, two] = [server.addMachine(), server.addMachine({ computerDnsName: 'lab-02' })]
    expect(await client.addMachineTag(one.id, 'red')).toMatchObject({ id: one.id, machineTags: ['red'] })
    const tagged = await client.tagMachines('Add', 'blue', [one.id, 'lab-02'])
    expect(tagged.map(({ id, machineTags }) => [id, machineTags])).toEqual([
      [one.id, ['red', 'blue']],
      [two.id, ['blue']],
    ])
    expect((await client.removeMachineTag('lab-02', 'blue')).machineTags).toEqual([])
    expect((await client.setDeviceValue(one.id, 'High')).deviceValue).toBe('High')
    const updated = await client.updateMachine(one.id, { machineTags: ['new'], deviceValue: 'Low' })
    expect(updated).toMatchObject({ machineTags: ['new'], deviceValue: 'Low' })
  })
})

describe('being told to wait', () => {
  it.each([429, 503])(
    'repeats a call refused with %d after the pause that the server asks for',
    async (status) => {
      const machine = server.addMachine()
      server.refuseNext({ path: /runAntiVirusScan/, status, headers: { 'Retry-After': '7' } })
      const action = await client.runAntivirusScan(machine.id, { scanType: 'Quick', comment: 'why' })
      expect(action.status).toBe('Pending')
      expect(runtime.pauses).toEqual([7_000])
    },
  )

  it('gives up after its number of attempts', async () => {
    for (let n = 0; n < 4; n++) server.refuseNext({ path: /machines/, status: 429 })
    await expect(client.getMachine('x')).rejects.toMatchObject({ code: 'TooManyRequests', status: 429 })
    expect(runtime.pauses).toEqual([1_000, 2_000, 4_000])
  })

  it('does not wait longer than it is willing to', async () => {
    server.refuseNext({ path: /machines/, status: 429, headers: { 'Retry-After': '3600' } })
    await expect(client.getMachine('x')).rejects.toMatchObject({ retryAfterMs: 3_600_000 })
    expect(runtime.pauses).toEqual([])
  })

  it('reads again when no answer came, but never starts a scan twice', async () => {
    const machine = server.addMachine()
    await client.getMachine(machine.id)
    runtime.failNext(2)
    expect((await client.getMachine(machine.id)).id).toBe(machine.id)
    runtime.failNext(1)
    const scan = client.runAntivirusScan(machine.id, { scanType: 'Quick', comment: 'why' })
    await expect(scan).rejects.toMatchObject({ code: 'Unreachable' })
    expect(server.actions.size).toBe(0)
  })

  it('says what is wrong with a server that is not there', async () => {
    const { baseUrl } = server
    await server[Symbol.asyncDispose]()
    await expect(clientAt(baseUrl, server, runtime).getMachine('x')).rejects.toThrow(/ECONNREFUSED/)
    await server.listen()
  })
})

describe('calling the Fleet API', () => {
  it('creates, lists and revokes enrollment tokens', async () => {
    server.pageSize = 1
    const first = await client.createEnrollmentToken({ description: 'lab', maxUses: 5 })
    const second = await client.createEnrollmentToken({})
    expect(first.token).toMatch(/^fse1\./)
    await client.revokeEnrollmentToken(first.id)
    const listed = await all(client.listEnrollmentTokens())
    expect(listed.map(({ id, revokedAt }) => [id, revokedAt !== null])).toEqual([
      [first.id, true],
      [second.id, false],
    ])
  })

  it('throws the code of a problem document', async () => {
    await expect(client.getScan('missing')).rejects.toMatchObject({ code: 'ResourceNotFound', status: 404 })
  })

  it('reads the detections of one action to the end', async () => {
    server.pageSize = 2
    const detections = [1, 2, 3].map(() => buildDetection({ actionId: 'a' }))
    server.addAction({}, { detections })
    server.addAction({}, { detections: [buildDetection({ actionId: 'b' })] })
    expect(await all(client.listDetections({ actionId: 'a' }))).toEqual(detections)
  })
})

describe('aborting a call', () => {
  it('ends with the reason of the caller', async () => {
    const abort = new AbortController()
    abort.abort(new Error('enough'))
    await expect(client.getMachine('x', { signal: abort.signal })).rejects.toThrow('enough')
  })

  it('ends a pause at once', async () => {
    const waiting = clientOf(server, { ...platformRuntime() })
    server.refuseNext({ path: /machines/, status: 429, headers: { 'Retry-After': '50' } })
    const abort = new AbortController()
    const call = waiting.getMachine('x', { signal: abort.signal })
    await server.until(({ requests }) => requests.some((request) => request.includes('/api/machines')))
    abort.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
  })
})

it('throws one class for everything', async () => {
  await expect(client.getMachine('x')).rejects.toBeInstanceOf(ClientError)
})

function clientOf(server: FakeServer, runtime: ClientRuntime, clientSecret?: string): FleetsweepClient {
  return clientAt(server.baseUrl, server, runtime, clientSecret)
}

function clientAt(
  baseUrl: string,
  { tenant, clientId, clientSecret }: FakeServer,
  runtime: ClientRuntime,
  secret = clientSecret,
): FleetsweepClient {
  const tokens = clientCredentials({ baseUrl, tenant, clientId, clientSecret: secret }, runtime)
  return new FleetsweepClient({ baseUrl: `${baseUrl}/`, tokens, runtime })
}

function tokenRequests(): number {
  return server.requests.filter((request) => request.includes('/oauth2/')).length
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
