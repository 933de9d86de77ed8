import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Webhook, WebhookDelivery } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../src/index.ts'
import { CliTestIo } from './cli-test-io.ts'

let server: TestServer
let receiver: Server
let received = 0
let url = ''

beforeAll(async () => {
  server = await TestServer.start({ config: { webhookNetworks: ['127.0.0.0/8'] } })
  receiver = createServer((_, response) => {
    received += 1
    response.writeHead(204).end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`
})
afterAll(async () => {
  receiver.close()
  await server[Symbol.asyncDispose]()
})

async function run(...args: string[]) {
  const io = new CliTestIo()
  io.env = {
    FLEETSWEEP_URL: server.url,
    FLEETSWEEP_TENANT: server.made.tenant.id,
    FLEETSWEEP_CLIENT_ID: server.made.application.id,
    FLEETSWEEP_CLIENT_SECRET: server.made.application.secret,
  }
  const code = await runCli(['webhooks', ...args], io)
  return { code, out: io.stdout, err: io.stderr, json: <T>() => JSON.parse(io.stdout) as T }
}

const json = async <T>(...args: string[]) => (await run(...args, '--json')).json<T>()

describe('webhooks on the command line', () => {
  it('are added with the secret alone on stdout, tested, and show how it went', async () => {
    const added = await run('add', url, '--event', 'detection.found', '--description', 'SOAR')
    expect(added.out).toMatch(/^whsec_[A-Za-z0-9+/]{43}=\n$/)
    const [webhook] = await json<Webhook[]>('list')
    const id = webhook?.id ?? ''
    expect(added.err).toContain(id)
    expect(webhook).toMatchObject({ url, events: ['detection.found'], description: 'SOAR' })
    const sent = await json<WebhookDelivery>('test', id)
    await until(async () => {
      const [delivery] = await json<WebhookDelivery[]>('deliveries', id)
      return delivery?.status === 'delivered'
    }, 'the test was delivered')
    expect((await run('deliveries', id)).out).toMatch(/test_\S+ +webhook\.test +.* delivered +1 +– +204/)
    expect((await run('redeliver', id, sent.id)).out).toContain(sent.id)
    await until(() => received === 2, 'it came again')
  })

  it('are changed, given another secret, disabled, enabled and removed', async () => {
    const { id } = await json<Webhook>('add', url)
    expect((await json<Webhook>('show', id)).events).toEqual(['machineAction.ended', 'detection.found'])
    expect((await run('change', id, '--event', 'MACHINEACTION.ended')).out).toMatch(
      /Events +machineAction\.ended\n/,
    )
    expect((await run('change', id, '--disable')).out).toMatch(/State +disabled\n/)
    expect((await run('test', id)).err).toContain('Enable it first')
    expect((await run('change', id, '--enable')).out).toMatch(/State +enabled\n/)
    const rotated = await run('rotate', id, '--keep-hours', '2')
    expect(rotated.out).toMatch(/^whsec_\S+\n$/)
    expect(rotated.err).toContain('The secret before is good until')
    expect((await run('remove', id)).err).toBe(`Removed: ${id} is told nothing any more.\n`)
    expect((await run('show', id)).code).toBe(1)
  })

  it.each([
    [['change', 'x'], /Say what to change/],
    [['change', 'x', '--enable', '--disable'], /exclude each other/],
    [['add', 'https://hooks.example/', '--event', 'all'], /no event "all"/],
    [['redeliver', 'x'], /which of its deliveries/],
    [['rotate', 'x', '--keep-hours', '200'], /from 0 to 168/],
  ])('say what is wrong with %j', async (args, why) => {
    const { code, err } = await run(...args)
    expect([code, err]).toEqual([2, expect.stringMatching(why)])
  })
})
