import { randomBytes } from 'node:crypto'
import {
  CA_PATH,
  CLOSE,
  type CreatedEnrollmentToken,
  type CreateEnrollmentTokenBody,
  decodeEnrollmentToken,
  ENROLL_PATH,
  type EnrollAnswer,
  type EnrollmentTokenContent,
  type EnrollRequest,
} from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, SigningKey, sampleInventory, until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from './call.ts'
import { GatewayServer } from './gateway-server.ts'
import { openPostgresBackend, openSqliteBackend } from './stores/backends.ts'

const TOKENS = '/fleet/v1/enrollmentTokens'
const localCa = { certPem: '-----BEGIN CERTIFICATE-----\n', sha256: 'ab'.repeat(32) }

let server: GatewayServer
beforeAll(async () => {
  server = await GatewayServer.start({ localCa })
})
afterAll(() => server[Symbol.asyncDispose]())

const fleet = { headers: { authorization: 'Fleet.Enroll' } }

async function createToken(
  wanted: CreateEnrollmentTokenBody = {},
  at = server,
): Promise<CreatedEnrollmentToken & { content: EnrollmentTokenContent }> {
  const answer = await call(at.origin, `POST ${TOKENS}`, { ...fleet, body: wanted })
  expect(answer.status).toBe(201)
  const created = answer.json<CreatedEnrollmentToken>()
  const content = decodeEnrollmentToken(created.token)
  if (!content) throw new Error('The token cannot be read.')
  return { ...created, content }
}

function request(
  { tenant, tokenId, secret }: EnrollmentTokenContent,
  key: SigningKey,
  osIdentity?: string,
): EnrollRequest {
  const { publicKey } = key
  const signature = key.sign('fleetsweep.agent.v1/enroll', [tenant, tokenId, secret, publicKey])
  const inventory = sampleInventory('lab-07.example', osIdentity)
  return { tenant, tokenId, secret, publicKey, signature, inventory }
}

const enroll = (body: EnrollRequest, at = server) => call(at.origin, `POST ${ENROLL_PATH}`, { body })

/** Enrolls and gives back the machine as it then is. */
async function join(content: EnrollmentTokenContent, key = new SigningKey(), osIdentity?: string) {
  const answer = await enroll(request(content, key, osIdentity))
  expect(answer.status).toBe(200)
  const { machineId, outcome } = answer.json<EnrollAnswer>()
  const machine: FakeMachine = { tenant: server.tenant, machineId, key }
  return { machine, outcome, stored: await server.of.machines.find(server.idOf(machine)) }
}

describe('an enrollment token', () => {
  it('is shown once, with all that an agent needs to trust this server', async () => {
    const { token, content, ...created } = await createToken({
      description: 'lab',
      maxUses: 3,
      tags: ['lab'],
    })
    expect(content).toEqual({
      tenant: server.tenant,
      tokenId: created.id,
      secret: expect.any(String),
      caSha256: localCa.sha256,
      orderRootSha256: server.orderKey.fingerprint,
    })
    const list = (await call(server.origin, `GET ${TOKENS}`, fleet)).text
    expect(list).toContain(created.id)
    expect(list).not.toContain(content.secret)
    expect(list).not.toContain(token)
    expect(JSON.stringify(await server.of.enrollment.listTokens({ limit: 100 }))).not.toContain(
      content.secret,
    )
    expect(await server.auditOf('enrollmentToken.create', created.id)).toMatchObject([{ maxUses: 3 }])
  })

  it('lives a day and serves one machine unless it says otherwise', async () => {
    const { createdAt, expiresAt, maxUses, uses } = await createToken()
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(86_400_000)
    expect({ maxUses, uses }).toEqual({ maxUses: 1, uses: 0 })
  })

  it('is listed newest first, page by page', async () => {
    const own = await GatewayServer.start()
    for (let count = 0; count < 5; count += 1) await createToken({ description: String(count) }, own)
    const seen: string[] = []
    let cursor = ''
    do {
      const query = `limit=2${cursor && `&cursor=${cursor}`}`
      const { items, nextCursor } = (await call(own.origin, `GET ${TOKENS}?${query}`, fleet)).json<{
        items: { description: string }[]
        nextCursor: string | null
      }>()
      seen.push(...items.map(({ description }) => description))
      cursor = nextCursor ?? ''
    } while (cursor !== '')
    expect(seen).toEqual(['4', '3', '2', '1', '0'])
    await own[Symbol.asyncDispose]()
  })

  it.each([
    ['nobody', {}, 401],
    ['somebody with another permission', { authorization: 'Machine.Scan' }, 403],
    ['somebody with Fleet.Admin alone', { authorization: 'Fleet.Admin' }, 403],
  ])('is not made, listed or revoked by %s', async (_, headers, status) => {
    const { id } = await createToken()
    for (const target of [`POST ${TOKENS}`, `GET ${TOKENS}`, `DELETE ${TOKENS}/${id}`]) {
      const answer = await call(server.origin, target, { headers })
      expect([target, answer.status]).toEqual([target, status])
    }
  })

  it.each([
    ['longer than 90 days', { expiresInMinutes: 129_601 }],
    ['for no machine', { maxUses: 0 }],
    ['to replace what is no machine id', { replaceMachineId: 'lab-07' }],
    ['to replace a machine that does not exist', { replaceMachineId: '00'.repeat(20) }],
  ])('is refused %s', async (_, body) => {
    const answer = await call(server.origin, `POST ${TOKENS}`, { ...fleet, body })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'InvalidInput', status: 400 })
  })

  it('that does not exist cannot be revoked', async () => {
    for (const id of [crypto.randomUUID(), 'x']) {
      expect((await call(server.origin, `DELETE ${TOKENS}/${id}`, fleet)).status).toBe(404)
    }
  })
})

describe('enrolling', () => {
  it('makes a machine that the gateway knows', async () => {
    const { content } = await createToken({ tags: ['lab'] })
    const answer = (await enroll(request(content, new SigningKey()))).json<EnrollAnswer>()
    expect(answer).toMatchObject({
      tenant: server.tenant,
      serverId: server.serverId,
      orderKeys: server.orderKeys.chain,
      outcome: 'new',
    })
    const { machine, stored } = await join((await createToken({ tags: ['lab'] })).content)
    expect(stored).toMatchObject({
      tags: ['lab'],
      isPotentialDuplication: false,
      lastExternalIpAddress: '127.0.0.1',
    })
    await using agent = await FakeAgent.open(server.origin, machine)
    expect(await agent.heartbeat()).toEqual([])
  })

  it('gives the same answer to the same request again, and uses the token once', async () => {
    const { id, content } = await createToken({ maxUses: 2 })
    const body = request(content, new SigningKey())
    const first = await enroll(body)
    expect((await enroll(body)).text).toBe(first.text)
    const token = (await server.of.enrollment.listTokens({ limit: 100 })).find((row) => row.id === id)
    expect(token?.uses).toBe(1)
  })

  it.each<[string, RegExp, (content: EnrollmentTokenContent) => unknown]>([
    ['expired', /has expired/, () => server.clock.advance('61m')],
    [
      'been revoked',
      /was revoked/,
      ({ tokenId }) => call(server.origin, `DELETE ${TOKENS}/${tokenId}`, fleet),
    ],
    ['been used up', /as often as it may be/, (content) => join(content)],
  ])('is refused, with what to do, when the token has %s', async (_, words, spoil) => {
    const { content } = await createToken({ expiresInMinutes: 60 })
    await spoil(content)
    const answer = await enroll(request(content, new SigningKey()))
    expect(answer.status).toBe(403)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(answer.json<{ detail: string }>().detail).toMatch(words)
  })

  it.each<[string, Partial<EnrollmentTokenContent>]>([
    ['another secret', { secret: randomBytes(32).toString('base64url') }],
    ['another token id', { tokenId: crypto.randomUUID() }],
    ['another tenant', { tenant: crypto.randomUUID() }],
  ])('says the same of a token with %s as of none', async (_, change) => {
    const { content } = await createToken()
    const answer = await enroll(request({ ...content, ...change }, new SigningKey()))
    expect(answer.status).toBe(403)
    expect(answer.json<{ detail: string }>().detail).toMatch(/knows no such enrollment token/)
  })

  it.each<[string, (body: EnrollRequest) => Partial<EnrollRequest>]>([
    ['the signature of another key', (body) => ({ publicKey: body.publicKey, signature: other(body) })],
    ['a key that is too short', () => ({ publicKey: 'AAAA' })],
    ['no signature', () => ({ signature: '' })],
    ['a secret that it did not sign', () => ({ secret: 'A'.repeat(43) })],
    ['a build that no database holds', ({ inventory }) => ({ inventory: { ...inventory, osBuild: 1e300 } })],
  ])('is refused with %s', async (_, change) => {
    const { content } = await createToken()
    const body = request(content, new SigningKey())
    const answer = await enroll({ ...body, ...change(body) })
    expect([answer.status, answer.json()]).toMatchObject([400, { code: 'InvalidInput' }])
  })

  it('is limited by address', async () => {
    const own = await GatewayServer.start()
    const { content } = await createToken({}, own)
    const body = { ...request(content, new SigningKey()), signature: '' }
    const statuses = new Set<number>()
    for (let count = 0; count < 400; count += 1) statuses.add((await enroll(body, own)).status)
    expect(statuses).toEqual(new Set([400, 429]))
    await own[Symbol.asyncDispose]()
  })

  function other({ tenant, tokenId, secret, publicKey }: EnrollRequest): string {
    return new SigningKey().sign('fleetsweep.agent.v1/enroll', [tenant, tokenId, secret, publicKey])
  }
})

describe('a machine that enrolls again', () => {
  it('is the same with its old key', async () => {
    const first = await join((await createToken()).content)
    const again = await join((await createToken()).content, first.machine.key, 'cd'.repeat(32))
    expect(again).toMatchObject({ outcome: 'same', machine: { machineId: first.machine.machineId } })
    expect(again.stored?.isPotentialDuplication).toBe(false)
  })

  it('is the same with a token that replaces its key, and the old key is worthless', async () => {
    const first = await join((await createToken()).content)
    await using old = await FakeAgent.open(server.origin, first.machine)
    const { content } = await createToken({ replaceMachineId: first.machine.machineId })
    const again = await join(content)
    expect(again).toMatchObject({ outcome: 'replaced', machine: { machineId: first.machine.machineId } })
    expect((await old.closed).code).toBe(CLOSE.notAuthenticated)

    await using late = new FakeAgent(server.origin, first.machine)
    late.send(late.hello(await late.next('challenge')))
    expect((await late.closed).code).toBe(CLOSE.notAuthenticated)

    const actionId = await server.requestScan(again.machine)
    await using agent = await FakeAgent.open(server.origin, again.machine)
    expect(await agent.nextOrder()).toMatchObject({ actionId })
  })

  it('gets its orders again once its copied key is replaced', async () => {
    const { machine } = await join((await createToken()).content)
    const original = await FakeAgent.open(server.origin, machine)
    const copy = await FakeAgent.open(server.origin, machine)
    const held = async () => (await server.of.machines.find(server.idOf(machine)))?.ordersHeldBecause
    await until(async () => (await held()) !== null, 'the orders are held')
    const actionId = await server.requestScan(machine)
    const again = await join((await createToken({ replaceMachineId: machine.machineId })).content)
    for (const agent of [original, copy]) expect((await agent.closed).code).toBe(CLOSE.notAuthenticated)
    await using agent = await FakeAgent.open(server.origin, again.machine)
    expect(await agent.nextOrder()).toMatchObject({ actionId })
  })

  it('is a new, flagged and audited one when a stolen token brings another key', async () => {
    const osIdentity = randomBytes(32).toString('hex')
    const victim = await join((await createToken()).content, new SigningKey(), osIdentity)
    const thief = await join((await createToken()).content, new SigningKey(), osIdentity)
    expect(thief.outcome).toBe('new')
    expect(thief.machine.machineId).not.toBe(victim.machine.machineId)
    expect(thief.stored?.isPotentialDuplication).toBe(true)
    expect(await server.auditOf('machine.enroll', thief.machine.machineId)).toMatchObject([
      { outcome: 'new', isPotentialDuplication: true, externalIp: '127.0.0.1' },
    ])
    await server.requestScan(victim.machine)
    await using agent = await FakeAgent.open(server.origin, thief.machine)
    for (let count = 0; count < 3; count += 1) await agent.heartbeat()
    expect(agent.received).toEqual([])
  })
})

describe('the local certificate authority', () => {
  it('is shown to anybody, as PEM', async () => {
    const answer = await call(server.origin, `GET ${CA_PATH}`)
    expect([answer.status, answer.text]).toEqual([200, localCa.certPem])
    expect(answer.headers['content-type']).toBe('application/x-pem-file')
  })

  it('is 404 on a server that has none', async () => {
    const own = await GatewayServer.start()
    expect((await call(own.origin, `GET ${CA_PATH}`)).status).toBe(404)
    expect((await createToken({}, own)).content.caSha256).toBeUndefined()
    await own[Symbol.asyncDispose]()
  })
})

describe.each([
  ['SQLite', openSqliteBackend],
  ['PostgreSQL', openPostgresBackend],
])('a token on %s', (_, open) => {
  it('enrolls no more machines than it may, however many come at once', async () => {
    await using own = await GatewayServer.start({ open })
    const { id, content } = await createToken({ maxUses: 7 }, own)
    const keys = Array.from({ length: 20 }, () => new SigningKey())
    const answers = await Promise.all(keys.map((key) => enroll(request(content, key), own)))
    const enrolled = answers.filter(({ status }) => status === 200)
    expect(enrolled).toHaveLength(7)
    expect(new Set(enrolled.map((answer) => answer.json<EnrollAnswer>().machineId)).size).toBe(7)
    const token = (await own.of.enrollment.listTokens({ limit: 10 })).find((row) => row.id === id)
    expect(token?.uses).toBe(7)
  })

  it('is used once by twenty repetitions of one request', async () => {
    await using own = await GatewayServer.start({ open })
    const { id, content } = await createToken({ maxUses: 20 }, own)
    const body = request(content, new SigningKey())
    const answers = await Promise.all(Array.from({ length: 20 }, () => enroll(body, own)))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect((await own.of.enrollment.listTokens({ limit: 10 })).find((row) => row.id === id)?.uses).toBe(1)
  })
})
