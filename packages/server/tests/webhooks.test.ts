import { randomUUID } from 'node:crypto'
import type { CreatedWebhook, Webhook } from '@fleetsweep/protocol'
import { type Duration, until } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from './api-server.ts'
import { detected, finished, started } from './stores/builders.ts'
import {
  create,
  deliveries,
  endScan,
  get,
  patch,
  post,
  scan,
  startApi,
  strangeCaller,
  tell,
  untilDelivery,
  untilStatus,
  WEBHOOKS,
} from './webhook-calls.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

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
