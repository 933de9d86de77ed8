// Waiting at a real server, which holds its answer until the action has ended.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer } from '../../server/tests/api-server.ts'
import { clientCredentials, FleetsweepClient, platformRuntime } from '../src/index.ts'

let api: ApiServer
let client: FleetsweepClient
/** Settles when the server is asked to hold an answer. */
const asked = Promise.withResolvers<void>()

beforeAll(async () => {
  api = await ApiServer.start()
  const { id, secret } = await api.application()
  const place = { baseUrl: api.origin, tenant: api.tenant, clientId: id, clientSecret: secret }
  const platform = platformRuntime()
  const runtime: typeof platform = {
    ...platform,
    fetch: (url, init) => {
      if (url.includes('?wait=')) asked.resolve()
      return platform.fetch(url, init)
    },
  }
  client = new FleetsweepClient({ baseUrl: api.origin, tokens: clientCredentials(place), runtime })
})
afterAll(() => api[Symbol.asyncDispose]())

describe('waiting for an action', () => {
  it('ends with the action, without a look in between', async () => {
    const machine = await api.machine(1)
    const { id } = await client.runAntivirusScan(machine, { scanType: 'Quick', comment: 'Why' })
    // Looking again would take an hour.
    const waiting = client.waitForMachineAction(id, { pollMs: 3_600_000 })
    await asked.promise
    await client.cancelMachineAction(id)
    expect((await waiting).status).toBe('Cancelled')
  })
})
