import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiServer, TENANT_DOMAIN } from './api-server.ts'
import { call } from './call.ts'

let api: ApiServer

beforeEach(async () => {
  api = await ApiServer.start()
})
afterEach(() => api[Symbol.asyncDispose]())

describe('asking where to sign in', () => {
  it('names the only tenant of a server', async () => {
    const answer = await call(api.origin, 'GET /fleet/v1/signIn')
    expect(answer.json()).toEqual({ tenant: { id: api.tenant, domain: TENANT_DOMAIN } })
  })

  it('names none of several', async () => {
    const second = { id: randomUUID() as TenantId, domain: 'fabrikam.example', displayName: 'Fabrikam' }
    await api.stores.tenants.create(second)
    const answer = await call(api.origin, 'GET /fleet/v1/signIn')
    expect(answer.text).toBe('{"tenant":null}')
  })
})
