import { randomUUID } from 'node:crypto'
import type { AuditVerification, FleetAuditEntry, TenantId } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer } from './api-server.ts'

describe('the audit over the API', () => {
  let api: ApiServer
  let reader: ApiCaller

  beforeAll(async () => {
    api = await ApiServer.start()
    reader = await api.caller(['Audit.Read.All'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const list = async (query: string) => {
    const answer = await reader(`GET /fleet/v1/audit?${query}`)
    return answer.json<{ items: FleetAuditEntry[]; nextCursor: string | null }>()
  }
  const verify = async (query = '') =>
    (await reader(`GET /fleet/v1/audit/verification${query}`)).json<AuditVerification>()
  const sealed = () =>
    until(async () => {
      api.clock.advance('1s')
      return (await api.of.audit.countUnsealed()) === 0
    }, 'all was sealed')

  it('shows a change with who made it, and a place in the chain within a second', async () => {
    const machine = await api.machine(1)
    const caller = await api.caller(['Machine.Scan'])
    const asked = await caller(`POST /api/machines/${machine}/runAntiVirusScan`, {
      body: { Comment: 'because', ScanType: 'Quick' },
    })
    const { id } = asked.json<{ id: string }>()
    const before = await list(`target=${id}`)
    expect(before.items).toMatchObject([
      { operation: 'machineAction.create', principal: { kind: 'application', name: 'Playbooks' } },
    ])
    await sealed()
    const [entry] = (await list(`target=${id}`)).items
    expect(entry?.position).toBeGreaterThan(0)
    expect(entry?.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await list(`target=${id}&to=${before.items[0]?.at}`)).toEqual({ items: [], nextCursor: null })
  })

  it('comes in pages, newest first', async () => {
    await api.machine(2)
    const whole = await list('limit=200')
    const first = await list('limit=2')
    const second = await list(`limit=200&cursor=${first.nextCursor}`)
    expect([...first.items, ...second.items]).toEqual(whole.items)
    expect(second.nextCursor).toBeNull()
  })

  it.each(['cursor=x', 'from=yesterday', 'to=1', 'limit=0', 'limit=201'])('refuses %s', async (query) => {
    const answer = await reader(`GET /fleet/v1/audit?${query}`)
    expect(answer.status).toBe(400)
  })

  it('is verified, and holds a head that was noted earlier', async () => {
    await sealed()
    const first = await verify()
    expect(first).toMatchObject({ isIntact: true, findings: [], unsealed: 0 })
    await api.machine(3)
    await sealed()
    const noted = `${first.head?.position}:${first.head?.hash}`
    const second = await verify(`?head=${noted}`)
    expect(second.isIntact).toBe(true)
    expect(second.entries).toBeGreaterThan(first.entries)
    const other = await verify(`?head=${first.head?.position}:${'0'.repeat(64)}`)
    expect(other).toMatchObject({ isIntact: false, findings: [{ kind: 'notTheNotedHead' }] })
    expect((await reader('GET /fleet/v1/audit/verification?head=1')).status).toBe(400)
  })

  it('shows each tenant its own', async () => {
    const id = randomUUID()
    await api.of.audit.record([
      { id, principal: { kind: 'server', id: 's', name: 's' }, operation: 'o', target: id, detail: {} },
    ])
    expect((await list(`target=${id}`)).items).toHaveLength(1)
    const tenant = randomUUID() as TenantId
    await api.stores.tenants.create({ id: tenant, domain: 'fabrikam.example', displayName: 'Fabrikam' })
    await api.addKeys(tenant)
    const stranger = await api.caller(['Audit.Read.All'], tenant)
    const answer = await stranger(`GET /fleet/v1/audit?target=${id}`)
    expect(answer.json()).toEqual({ items: [], nextCursor: null })
  })
})
