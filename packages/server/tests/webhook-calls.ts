import { randomUUID } from 'node:crypto'
import type { CreatedWebhook, TenantId, Webhook, WebhookDelivery } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { expect } from 'vitest'
import { type ApiCaller, ApiServer, sqliteDatabase } from './api-server.ts'

export const LOOPBACK = { webhookNetworks: ['127.0.0.0/8'] }
export const WEBHOOKS = '/fleet/v1/webhooks'

/** A server whose clock shows the present, as receivers expect of messages. */
export async function startApi(
  openDatabase = sqliteDatabase,
  config = LOOPBACK,
  parts: Parameters<typeof ApiServer.start>[2] = {},
): Promise<ApiServer> {
  const api = await ApiServer.start(openDatabase, config, parts)
  api.clock.jump(Date.now() - api.clock.now() / 1_000)
  return api
}

export async function strangeCaller(api: ApiServer): Promise<ApiCaller> {
  const tenant = randomUUID() as TenantId
  await api.stores.tenants.create({ id: tenant, domain: 'fabrikam.example', displayName: 'Fabrikam' })
  await api.addKeys(tenant)
  return api.caller(undefined, tenant)
}

export type Action = { id: string; machineId: string }

export async function scan(api: ApiServer, call: ApiCaller, n: number): Promise<Action> {
  const machineId = await api.machine(n)
  const body = { Comment: 'Check machine', ScanType: 'Quick' }
  const answer = await call(`POST /api/machines/${machineId}/runAntiVirusScan`, json(body))
  expect(answer.status).toBe(201)
  return { id: answer.json<{ id: string }>().id, machineId }
}

/** What the machine of an action says of it, as the gateway takes it. */
export async function tell(
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
export async function endScan(api: ApiServer, call: ApiCaller, n: number): Promise<string> {
  const { id } = await scan(api, call, n)
  const answer = await call(`POST /api/machineactions/${id}/cancel`, json({ Comment: 'Not needed' }))
  expect(answer.status).toBe(200)
  return id
}

export function json(body: object) {
  return { headers: { 'content-type': 'application/json' }, body }
}

export async function create(call: ApiCaller, url: string): Promise<CreatedWebhook> {
  return post(call, '', { url, events: ['machineAction.ended', 'detection.found'] }, 201)
}

export async function post<Answer>(
  call: ApiCaller,
  path: string,
  body: object,
  status: number,
): Promise<Answer> {
  const answer = await call(`POST ${[WEBHOOKS, path].filter(Boolean).join('/')}`, json(body))
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)])
  return answer.json()
}

export async function patch(call: ApiCaller, id: string, body: object): Promise<Webhook> {
  const answer = await call(`PATCH ${WEBHOOKS}/${id}`, json(body))
  expect(answer.status).toBe(200)
  return answer.json()
}

export async function get<Answer>(call: ApiCaller, path: string): Promise<Answer> {
  const answer = await call(`GET ${WEBHOOKS}/${path}`)
  expect(answer.status).toBe(200)
  return answer.json()
}

export function deliveries(call: ApiCaller, id: string): Promise<{ items: WebhookDelivery[] }> {
  return get(call, `${id}/deliveries`)
}

/** The newest delivery that is like this, once there is one. */
export function untilDelivery(
  call: ApiCaller,
  id: string,
  isLike: (delivery: WebhookDelivery) => boolean,
): Promise<WebhookDelivery> {
  return until(async () => (await deliveries(call, id)).items.find(isLike), 'a delivery went so')
}

export function untilStatus(
  call: ApiCaller,
  id: string,
  status: WebhookDelivery['status'],
): Promise<WebhookDelivery> {
  return untilDelivery(call, id, (one) => one.status === status)
}
