import { sampleInventoryEngine } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer } from './api-server.ts'

describe('the engines of machines', () => {
  let api: ApiServer
  let ask: ApiCaller
  beforeAll(async () => {
    api = await ApiServer.start()
    ask = await api.caller(['Machine.Read.All'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  it('are told with how good their signatures are, of the machines that were asked about', async () => {
    const testOnly = await api.machine(1)
    const bare = await api.machine(2, {
      engine: { ...sampleInventoryEngine, state: 'noSignatures', life: 'resident', signatures: null },
    })
    await api.machine(3)
    const ids = [testOnly, bare.toUpperCase(), 'f'.repeat(40)].join(',')
    const { items } = (await ask(`GET /fleet/v1/engines?machineIds=${ids}`)).json<{ items: object[] }>()
    expect(items).toHaveLength(2)
    expect(items).toContainEqual(
      expect.objectContaining({
        machineId: bare,
        life: 'resident',
        signatures: { state: 'none', version: null, builtAt: null, ageDays: null, count: 0 },
      }),
    )
    expect(items).toContainEqual(expect.objectContaining({ machineId: testOnly, life: null }))
  })

  it.each(['', 'lab-01', Array.from({ length: 201 }, (_, n) => n.toString(16).padStart(40, '0')).join(',')])(
    'are refused for what are no ids, or too many (%#)',
    async (ids) => {
      const refused = await ask(`GET /fleet/v1/engines?machineIds=${ids}`)
      expect(refused.json()).toMatchObject({ status: 400, code: 'InvalidInput' })
    },
  )
})
