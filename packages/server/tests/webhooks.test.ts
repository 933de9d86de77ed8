import { randomUUID } from 'node:crypto'
import {
  type CreatedWebhook,
  instantFromMs,
  MAX_WEBHOOKS,
  type TenantId,
  type Webhook,
  type WebhookDelivery,
} from '@fleetsweep/protocol'
import { type Duration, until } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../src/tls/index.ts'
import { type ApiCaller, ApiServer, postgresDatabase, sqliteDatabase } from './api-server.ts'
import { detected, finished, started } from './stores/builders.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

const LOOPBACK = { webhookNetworks: ['127.0.0.0/8'] }
const WEBHOOKS = '/fleet/v1/webhooks'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('webhooks on %s', (_, openDatabase) => {
  it('are told of detections and ends with signatures that the official library verifies', async () => {
    await using api = await startApi(openDatabase)
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { secret } = await create(call, receiver.url())
    const action = await scan(api, call, 1)
    await tell(api, action, started(), detected('/tmp/eicar'), finished)
    api.clock.advance('5s')
    await until(() => receiver.received.length === 2, 'both messages came')
    expect(receiver.verified(secret).toSorted((a, b) => (a.type < b.type ? -1 : 1))).toMatchObject([
      {
        type: 'detection.found',
        data: {
          actionId: action.id,
          path: '/tmp/eicar',
          url: expect.stringMatching(`^http.*/console/actions/${action.id}$`),
        },
      },
      { type: 'machineAction.ended', data: { actionId: action.id, status: 'Succeeded' } },
    ])
    expect(() => receiver.verified(`whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow()
  })

  it('are told at once of what a call ends, and of nothing in another tenant', async () => {
    await using api = await startApi(openDatabase)
    await using receiver = await WebhookReceiver.start()
    await using strange = await WebhookReceiver.start()
    await create(await strangeCaller(api), strange.url())
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    const action = await endScan(api, call, 1)
    await until(() => receiver.received.length === 1, 'the message came')
    const { items } = await deliveries(call, id)
    expect(items).toMatchObject([{ id: `action_${action}`, subject: action, event: 'machineAction.ended' }])
    await untilStatus(call, id, 'delivered')
    expect(strange.received).toEqual([])
  })

  it('get each message once per attempt, however many nodes carry', async () => {
    await using api = await startApi(openDatabase)
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await using _second = await api.openNode()
    await using _third = await api.openNode()
    const held: (() => void)[] = []
    receiver.answer = (response) => void held.push(() => response.writeHead(204).end())
    const actions = await Promise.all(Array.from({ length: 30 }, (_, n) => endScan(api, call, n + 1)))
    await until(() => held.length === 4, 'the first node has what it may have at once')
    api.clock.advance('5s')
    await until(() => held.length === 12, 'the others have looked, too')
    receiver.answer = (response) => response.writeHead(204).end()
    for (const answer of held) answer()
    await until(async () => {
      const { items } = await deliveries(call, id)
      return items.every(({ status }) => status === 'delivered')
    }, 'all were delivered')
    expect(receiver.received.map((one) => one.id).toSorted()).toEqual(
      actions.map((action) => `action_${action}`).toSorted(),
    )
  })
})

describe('a webhook', () => {
  it('signs with the secret before for as long as it was told to', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id, secret } = await create(call, receiver.url())
    const rotated = await post<CreatedWebhook>(call, `${id}/secret`, { previousValidHours: 1 }, 201)
    expect(rotated.secret).not.toBe(secret)
    await post(call, `${id}/test`, {}, 201)
    await until(() => receiver.received.length === 1, 'the test came')
    expect(receiver.verified(secret)).toMatchObject([{ type: 'webhook.test', data: { webhookId: id } }])
    expect(receiver.verified(rotated.secret)).toHaveLength(1)
    expect(String(receiver.received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2)
    api.clock.advance('61m')
    // The token is over, too.
    await post(await api.caller(), `${id}/test`, {}, 201)
    await until(() => receiver.received.length === 2, 'the second test came')
    expect(String(receiver.received[1]?.headers['webhook-signature']).split(' ')).toHaveLength(1)
  })

  it('is tried again under the same id, later and later, until it answers well', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => response.writeHead(500).end('Out of order')
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await endScan(api, call, 1)
    const attempts = (n: number) =>
      untilDelivery(call, id, (one) => one.attempts === n && one.lastStatus !== null)
    /** Any change of a webhook has the server look for what is due. */
    const lookLater = async (duration: Duration & string) => {
      api.clock.advance(duration)
      await patch(call, id, { description: duration })
    }
    expect(await attempts(1)).toMatchObject({
      status: 'pending',
      lastStatus: 500,
      lastError: 'The receiver answered 500.',
      lastAnswer: 'Out of order',
    })
    expect((await get<Webhook>(call, id)).failingSince).not.toBeNull()
    await lookLater('10s')
    await until(() => receiver.received.length === 2, 'it was tried again')
    await attempts(2)
    await lookLater('4m')
    expect(receiver.received).toHaveLength(2)
    receiver.answer = (response) => response.writeHead(200).end('ok')
    await lookLater('2m')
    await until(() => receiver.received.length === 3, 'it was tried a third time')
    expect(await untilStatus(call, id, 'delivered')).toMatchObject({ attempts: 3, lastError: null })
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(1)
    expect((await get<Webhook>(call, id)).failingSince).toBeNull()
  })

  it('is given the time that it asks for', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': '3600' }).end()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await post(call, `${id}/test`, {}, 201)
    const { nextAttemptAt } = await untilDelivery(call, id, (one) => one.lastStatus === 429)
    expect(Date.parse(nextAttemptAt ?? '')).toBeGreaterThanOrEqual(api.clock.now() / 1_000 + 3_590_000)
  })

  it('is disabled when its receiver is gone for good', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => response.writeHead(410).end()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await post(call, `${id}/test`, {}, 201)
    await untilStatus(call, id, 'failed')
    expect(await get<Webhook>(call, id)).toMatchObject({ disabledReason: 'gone' })
    const refused = await call(`POST ${WEBHOOKS}/${id}/test`)
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('Enable it first')])
    const audit = (await call('GET /fleet/v1/audit?operation=webhook.disable')).json<{ items: unknown[] }>()
    expect(audit.items).toMatchObject([{ principal: { kind: 'server' }, detail: { reason: 'gone' } }])
  })

  it('does not go where a redirect leads', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    await using other = await WebhookReceiver.start()
    receiver.answer = (response) => response.writeHead(307, { location: other.url() }).end()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await post(call, `${id}/test`, {}, 201)
    const { lastError } = await untilDelivery(call, id, (one) => one.lastStatus === 307)
    expect(lastError).toBe('The receiver answered 307; redirects are not followed.')
    expect(other.connections).toBe(0)
  })

  it('reads the beginning of an answer that has no end', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => {
      response.writeHead(200)
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
      }
      response.on('drain', pour)
      pour()
    }
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await post(call, `${id}/test`, {}, 201)
    const { lastAnswer } = await untilStatus(call, id, 'delivered')
    expect(lastAnswer).toBe('x'.repeat(1_024))
  })

  it('has answered when it breaks off in the middle of its answer', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half \0 of it', () => setImmediate(() => response.destroy()))
    }
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await post(call, `${id}/test`, {}, 201)
    const { lastAnswer } = await untilStatus(call, id, 'delivered')
    expect(lastAnswer).toBe('half \uFFFD of it')
  })

  it('that is slow holds up itself, and no other', async () => {
    await using api = await startApi()
    await using slow = await WebhookReceiver.start()
    slow.answer = () => {}
    await using quick = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, slow.url())
    await create(call, quick.url())
    await Promise.all(Array.from({ length: 12 }, (_, n) => endScan(api, call, n + 1)))
    await until(() => quick.received.length === 12, 'the quick one has all')
    await until(() => slow.received.length === 4, 'the slow one has what it may have at once')
    api.clock.advance('15s')
    const { lastError, lastStatus } = await untilDelivery(call, id, (one) => one.lastError !== null)
    expect([lastError, lastStatus]).toEqual(['There was no answer within 15 seconds.', null])
  })

  it('gets what is sent once more under the same id', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    const action = await endScan(api, call, 1)
    await untilStatus(call, id, 'delivered')
    await post(call, `${id}/deliveries/action_${action}/redeliver`, {}, 201)
    await until(() => receiver.received.length === 2, 'it came again')
    expect(receiver.received[1]).toMatchObject({ id: `action_${action}`, body: receiver.received[0]?.body })
    const unknown = await call(`POST ${WEBHOOKS}/${id}/deliveries/action_${randomUUID()}/redeliver`)
    expect(unknown.status).toBe(404)
  })

  it('finishes what is under way when its server stops, and the next server does the rest', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    const node = await api.openNode()
    let held: (() => void) | undefined
    receiver.answer = (response) => {
      held = () => response.writeHead(204).end()
    }
    await post(call, `${id}/test`, {}, 201)
    await until(() => held !== undefined, 'the test came')
    const stopped = node[Symbol.asyncDispose]()
    held?.()
    await stopped
    await untilStatus(call, id, 'delivered')
    expect(receiver.received).toHaveLength(1)
  })
})

describe('the receiver of a webhook', () => {
  /** A server whose resolver answers each question with the next of these. */
  const resolving = (answers: string[], config: { webhookNetworks: string[] }) => {
    const asked: string[] = []
    const resolveHost = async (name: string) => {
      asked.push(name)
      return [{ address: answers.shift() ?? '192.0.2.1', family: 4 }]
    }
    return { asked, start: () => startApi(sqliteDatabase, config, { resolveHost }) }
  }

  it('is connected to where its name led when it was checked, and is looked up once an attempt', async () => {
    const { asked, start } = resolving(['127.0.0.1', '169.254.169.254'], LOOPBACK)
    await using api = await start()
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, receiver.url('hooks.example'))
    await post(call, `${id}/test`, {}, 201)
    await untilStatus(call, id, 'delivered')
    expect(receiver.received[0]?.headers.host).toBe(`hooks.example:${receiver.port}`)
    expect(asked).toEqual(['hooks.example'])
    // The name leads to metadata by now.
    await post(call, `${id}/test`, {}, 201)
    const { lastError } = await untilDelivery(call, id, (one) => one.lastError !== null)
    expect(lastError).toMatch(/^hooks\.example leads to no address that this server may call/)
    expect(asked).toHaveLength(2)
  })

  it('is never connected to where its name leads to a network that is not allowed', async () => {
    const { start } = resolving(['127.0.0.1'], { webhookNetworks: ['127.0.0.2/32'] })
    await using api = await start()
    await using receiver = await WebhookReceiver.start()
    const call = await api.caller()
    const { id } = await create(call, receiver.url('hooks.example'))
    await post(call, `${id}/test`, {}, 201)
    const refused = await untilDelivery(call, id, (one) => one.attempts > 0 && one.lastError !== null)
    expect(refused).toMatchObject({ lastStatus: null, lastAnswer: null })
    expect(receiver.connections).toBe(0)
  })

  it('must prove who it is', async () => {
    await using api = await startApi()
    const now = instantFromMs(Date.now())
    const ca = await createLocalCa(['localhost'], now)
    await using receiver = await WebhookReceiver.start(await issueServerCertificate(ca, ['localhost'], now))
    const call = await api.caller()
    const { id } = await create(call, receiver.url('localhost'))
    await post(call, `${id}/test`, {}, 201)
    const { lastError } = await untilDelivery(call, id, (one) => one.lastError !== null)
    expect(lastError).toMatch(/^The certificate of the receiver cannot be trusted/)
    expect(receiver.received).toEqual([])
  })

  it('that does not listen is named as such', async () => {
    await using api = await startApi()
    const receiver = await WebhookReceiver.start()
    const url = receiver.url()
    await receiver[Symbol.asyncDispose]()
    const call = await api.caller()
    const { id } = await create(call, url)
    await post(call, `${id}/test`, {}, 201)
    const { lastError } = await untilDelivery(call, id, (one) => one.lastError !== null)
    expect(lastError).toBe('Nothing listens there: the connection was refused.')
  })
})

describe('administering webhooks', () => {
  it('shows a secret once, and never in lists, changes or the audit', async () => {
    await using api = await startApi()
    const call = await api.caller()
    const { id, secret } = await create(call, 'https://hooks.example/T0/private')
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const rotated = await post<CreatedWebhook>(call, `${id}/secret`, {}, 201)
    await patch(call, id, { description: 'SOAR', events: ['detection.found'] })
    for (const path of [WEBHOOKS, `${WEBHOOKS}/${id}`, '/fleet/v1/audit']) {
      const { text } = await call(`GET ${path}`)
      expect(text).toContain(id)
      expect(text).not.toContain(secret)
      expect(text).not.toContain(rotated.secret)
    }
    // The path of such addresses is often a secret of its own.
    expect((await call('GET /fleet/v1/audit')).text).not.toContain('private')
    expect(await get<Webhook>(call, id)).toMatchObject({ description: 'SOAR', events: ['detection.found'] })
  })

  it('disables and enables, and sends what had waited', async () => {
    await using api = await startApi()
    await using receiver = await WebhookReceiver.start()
    receiver.answer = (response) => response.writeHead(500).end()
    const call = await api.caller()
    const { id } = await create(call, receiver.url())
    await endScan(api, call, 1)
    await untilDelivery(call, id, (one) => one.lastStatus === 500)
    expect(await patch(call, id, { enabled: false })).toMatchObject({ disabledReason: 'byAdministrator' })
    await endScan(api, call, 2)
    api.clock.advance('10m')
    expect((await deliveries(call, id)).items).toMatchObject([{ status: 'pending', nextAttemptAt: null }])
    receiver.answer = (response) => response.writeHead(200).end()
    expect(await patch(call, id, { enabled: true })).toMatchObject({ disabledAt: null, disabledReason: null })
    await untilStatus(call, id, 'delivered')
  })

  it('refuses addresses that may not be called, and more webhooks than there may be', async () => {
    await using api = await ApiServer.start()
    const call = await api.caller()
    const refusal = async (body: object) => {
      const { status, text } = await call(`POST ${WEBHOOKS}`, json(body))
      return `${status} ${text}`
    }
    const events = ['detection.found']
    expect(await refusal({ url: 'http://hooks.example/', events })).toMatch(/^400 .*begin with https/)
    expect(await refusal({ url: 'https://10.0.0.1/', events })).toMatch(/^400 .*webhookNetworks/)
    expect(await refusal({ url: 'https://hooks.example/', events: [] })).toMatch(/^400 /)
    expect(await refusal({ url: 'https://hooks.example/', events: ['all'] })).toMatch(/^400 /)
    const { id } = await create(call, 'https://hooks.example/')
    expect((await call(`PATCH ${WEBHOOKS}/${id}`, json({ url: 'https://[::1]/' }))).status).toBe(400)
    expect((await call(`PATCH ${WEBHOOKS}/${id}`, json({}))).status).toBe(400)
    for (let n = 1; n < MAX_WEBHOOKS; n += 1) await create(call, `https://hooks.example/${n}`)
    expect(await refusal({ url: 'https://hooks.example/', events })).toMatch(/^400 .*20 webhooks already/)
    expect((await call(`DELETE ${WEBHOOKS}/${id}`)).status).toBe(204)
    expect((await call(`GET ${WEBHOOKS}/${id}`)).status).toBe(404)
    await create(call, 'https://hooks.example/')
  })

  it('shows another tenant nothing of a webhook', async () => {
    await using api = await startApi()
    const call = await api.caller()
    const { id } = await create(call, 'https://hooks.example/')
    const stranger = await strangeCaller(api)
    for (const target of [
      `GET ${WEBHOOKS}/${id}`,
      `DELETE ${WEBHOOKS}/${id}`,
      `POST ${WEBHOOKS}/${id}/test`,
    ]) {
      expect((await stranger(target)).status, target).toBe(404)
    }
    expect((await stranger(`GET ${WEBHOOKS}/${id}/deliveries`)).status).toBe(404)
  })
})

/** A server whose clock shows the present, as receivers expect of messages. */
async function startApi(
  openDatabase = sqliteDatabase,
  config = LOOPBACK,
  parts: Parameters<typeof ApiServer.start>[2] = {},
): Promise<ApiServer> {
  const api = await ApiServer.start(openDatabase, config, parts)
  api.clock.jump(Date.now() - api.clock.now() / 1_000)
  return api
}

async function strangeCaller(api: ApiServer): Promise<ApiCaller> {
  const tenant = randomUUID() as TenantId
  await api.stores.tenants.create({ id: tenant, domain: 'fabrikam.example', displayName: 'Fabrikam' })
  await api.addKeys(tenant)
  return api.caller(undefined, tenant)
}

type Action = { id: string; machineId: string }

async function scan(api: ApiServer, call: ApiCaller, n: number): Promise<Action> {
  const machineId = await api.machine(n)
  const body = { Comment: 'Check machine', ScanType: 'Quick' }
  const answer = await call(`POST /api/machines/${machineId}/runAntiVirusScan`, json(body))
  expect(answer.status).toBe(201)
  return { id: answer.json<{ id: string }>().id, machineId }
}

/** What the machine of an action says of it, as the gateway takes it. */
async function tell(
  api: ApiServer,
  { id, machineId }: Action,
  ...events: Parameters<ApiServer['of']['scans']['takeEvent']>[0]['event'][]
): Promise<void> {
  for (const [index, event] of events.entries()) {
    await api.of.scans.takeEvent({
      machineId: machineId as never,
      actionId: id as never,
      number: index + 1,
      event,
      reportUrl: 'https://fleet.example/scan',
      silenceMs: 3_600_000,
    })
  }
}

/** @returns the id of an action that was cancelled */
async function endScan(api: ApiServer, call: ApiCaller, n: number): Promise<string> {
  const { id } = await scan(api, call, n)
  const answer = await call(`POST /api/machineactions/${id}/cancel`, json({ Comment: 'Not needed' }))
  expect(answer.status).toBe(200)
  return id
}

function json(body: object) {
  return { headers: { 'content-type': 'application/json' }, body }
}

async function create(call: ApiCaller, url: string): Promise<CreatedWebhook> {
  return post(call, '', { url, events: ['machineAction.ended', 'detection.found'] }, 201)
}

async function post<Answer>(call: ApiCaller, path: string, body: object, status: number): Promise<Answer> {
  const answer = await call(`POST ${[WEBHOOKS, path].filter(Boolean).join('/')}`, json(body))
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)])
  return answer.json()
}

async function patch(call: ApiCaller, id: string, body: object): Promise<Webhook> {
  const answer = await call(`PATCH ${WEBHOOKS}/${id}`, json(body))
  expect(answer.status).toBe(200)
  return answer.json()
}

async function get<Answer>(call: ApiCaller, path: string): Promise<Answer> {
  const answer = await call(`GET ${WEBHOOKS}/${path}`)
  expect(answer.status).toBe(200)
  return answer.json()
}

function deliveries(call: ApiCaller, id: string): Promise<{ items: WebhookDelivery[] }> {
  return get(call, `${id}/deliveries`)
}

/** The newest delivery that is like this, once there is one. */
function untilDelivery(
  call: ApiCaller,
  id: string,
  isLike: (delivery: WebhookDelivery) => boolean,
): Promise<WebhookDelivery> {
  return until(async () => (await deliveries(call, id)).items.find(isLike), 'a delivery went so')
}

function untilStatus(
  call: ApiCaller,
  id: string,
  status: WebhookDelivery['status'],
): Promise<WebhookDelivery> {
  return untilDelivery(call, id, (one) => one.status === status)
}
