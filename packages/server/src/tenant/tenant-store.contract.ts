import type { TenantId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'

const newTenant = (n: number, domain: string) => {
  return { id: guid(n) as TenantId, domain, displayName: `Tenant ${n}` }
}

export function describeTenantStore(kind: string, open: OpenBackend): void {
  describe(`tenants on ${kind}`, () => {
    const bed = useTestbed(open)

    it('are found by id and by domain, in any case', async () => {
      const { tenants } = bed.stores
      expect(await tenants.create(newTenant(0xa1, 'Contoso.example'))).toBe('created')
      const found = await tenants.find(guid(0xa1).toUpperCase())
      expect(found).toMatchObject({ id: guid(0xa1), domain: 'contoso.example', displayName: 'Tenant 161' })
      expect(await tenants.find('CONTOSO.example')).toEqual(found)
      expect(await tenants.find('fabrikam.example')).toBeUndefined()
      expect(await tenants.list()).toContainEqual(found)
    })

    it('share neither id nor domain', async () => {
      const { tenants } = bed.stores
      await tenants.create(newTenant(0xb1, 'one.example'))
      expect(await tenants.create(newTenant(0xb1, 'two.example'))).toBe('exists')
      expect(await tenants.create(newTenant(0xb2, 'ONE.example'))).toBe('exists')
      expect(await tenants.find('two.example')).toBeUndefined()
      expect(await tenants.find(guid(0xb2))).toBeUndefined()
    })

    it('share a server that keeps the first id it was given', async () => {
      const { tenants } = bed.stores
      const ids = await Promise.all([guid(1), guid(2), guid(3)].map((id) => tenants.serverId(id)))
      expect(new Set(ids).size).toBe(1)
      expect(await tenants.serverId(guid(4))).toBe(ids[0])
    })
  })
}
