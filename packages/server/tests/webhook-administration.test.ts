import { type CreatedWebhook, instantFromMs, MAX_WEBHOOKS, type Webhook } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../src/tls/index.ts'
import { ApiServer, sqliteDatabase } from './api-server.ts'
import {
  create,
  deliveries,
  endScan,
  get,
  json,
  LOOPBACK,
  patch,
  post,
  startApi,
  strangeCaller,
  untilDelivery,
  untilStatus,
  WEBHOOKS,
} from './webhook-calls.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

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
