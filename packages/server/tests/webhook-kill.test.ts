import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CreatedWebhook,
  instantFromMs,
  type MachineAction,
  type WebhookDelivery,
} from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { prepareServer, ServerProcess, serverEnv } from '@fleetsweep/testkit/server-process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../src/tls/index.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

const PROGRAM = join(import.meta.dirname, '../../../programs/fleetsweep.ts')
/** A lease must end before another process may take what the killed one had. */
const LEASE_OVER_MS = 60_000

describe('a server that is killed while it delivers', () => {
  it('delivers after its restart what nobody has answered, under the same id, over TLS', async () => {
    const root = mkdtempSync(join(tmpdir(), 'fleetsweep-webhook-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const dataDir = join(root, 'data')
    const prepared = await prepareServer(dataDir, ['key-0'])
    const config = join(dataDir, 'fleetsweep.toml')
    writeFileSync(config, `webhookNetworks = ["127.0.0.0/8"]\n${readFileSync(config, 'utf8')}`)
    const now = instantFromMs(Date.now())
    const ca = await createLocalCa(['localhost'], now)
    const caFile = join(root, 'ca.crt')
    appendFileSync(caFile, ca.certPem)
    const start = () =>
      ServerProcess.of(
        spawn(process.execPath, [PROGRAM, 'server', '--data', dataDir, '--json'], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...serverEnv, NODE_EXTRA_CA_CERTS: caFile },
        }),
        prepared,
      )
    await using receiver = await WebhookReceiver.start(await issueServerCertificate(ca, ['localhost'], now))
    receiver.answer = () => {}

    await using first = await start()
    const body = { url: receiver.url('localhost'), events: ['machineAction.ended'] }
    const made = await json<CreatedWebhook>(first.call('POST /fleet/v1/webhooks', body))
    const scan = { Comment: 'Check machine', ScanType: 'Quick' }
    const [machine] = prepared.machineIds
    const action = await json<MachineAction>(
      first.call(`POST /api/machines/${machine}/runAntiVirusScan`, scan),
    )
    const cancelled = await first.call(`POST /api/machineactions/${action.id}/cancel`, { Comment: 'No' })
    expect(cancelled.status).toBe(200)
    await until(() => receiver.received.length === 1, 'the first attempt came')
    await first.kill()

    receiver.answer = (response) => response.writeHead(204).end()
    await using second = await start()
    await until(() => receiver.received.length === 2, 'it came again', { timeoutMs: LEASE_OVER_MS })
    expect(receiver.received.map(({ id }) => id)).toEqual(Array(2).fill(`action_${action.id}`))
    expect(receiver.verified(made.secret)).toHaveLength(2)
    await until(async () => {
      const call = second.call(`GET /fleet/v1/webhooks/${made.id}/deliveries`)
      const { items } = await json<{ items: WebhookDelivery[] }>(call)
      return items[0]?.status === 'delivered' && items[0].attempts === 2
    }, 'the log says so')
  })
})

async function json<Answer>(call: Promise<Response>): Promise<Answer> {
  const answer = await call
  expect(answer.ok).toBe(true)
  return (await answer.json()) as Answer
}
