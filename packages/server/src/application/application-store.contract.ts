import type { ApplicationId, Permission } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'

const id = guid(1) as ApplicationId

function newApplication(displayName: string, permissions: readonly Permission[]) {
  return {
    id,
    displayName,
    permissions,
    secret: { id: guid(2), secretHash: 'ab'.repeat(32), hint: 'abc', lifeMs: 60_000 },
    audit: auditEntry({ operation: 'application.create', target: id }),
  }
}

export function describeApplicationStore(kind: string, open: OpenBackend): void {
  describe(`applications on ${kind}`, () => {
    const bed = useTestbed(open)

    it('come back with permissions, secrets and the usual limits', async () => {
      const { ours, theirs } = await bed.twoTenants()
      const application = newApplication('Playbooks', ['Machine.Scan', 'Machine.Read.All'])
      expect(await ours.applications.create(application)).toBe('created')
      const found = await ours.applications.find(id)
      expect(found).toMatchObject({
        displayName: 'Playbooks',
        permissions: ['Machine.Read.All', 'Machine.Scan'],
        limits: { perMinute: null, perHour: null },
        secrets: [{ id: guid(2), secretHash: 'ab'.repeat(32), hint: 'abc', revokedAt: null }],
      })
      expect(found?.secrets[0]?.expiresAt).toBe((found?.createdAt ?? 0) + 60_000_000)
      expect(await theirs.applications.find(id)).toBeUndefined()
    })

    it('are created once; the second leaves the first as it is', async () => {
      const { ours } = await bed.twoTenants()
      await ours.applications.create(newApplication('First', ['Machine.Scan']))
      const first = await ours.applications.find(id)
      expect(await ours.applications.create(newApplication('Second', ['Fleet.Admin']))).toBe('exists')
      expect(await ours.applications.find(id)).toEqual(first)
    })

    it('keep overrides of their limits until they are lifted, each change audited', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.applications.create(newApplication('Playbooks', []))
      const audit = () => auditEntry({ operation: 'application.setLimits', target: id })
      expect(await ours.applications.setLimits(id, { perMinute: 9_000, perHour: null }, audit())).toBe(true)
      expect((await ours.applications.find(id))?.limits).toEqual({ perMinute: 9_000, perHour: null })
      expect(await ours.applications.setLimits(id, { perMinute: null, perHour: null }, audit())).toBe(true)
      expect((await ours.applications.find(id))?.limits).toEqual({ perMinute: null, perHour: null })
      const unknown = guid(3) as ApplicationId
      expect(await ours.applications.setLimits(unknown, { perMinute: 1, perHour: 1 }, audit())).toBe(false)
      const entries = await bed.rows('audit_entry', tenant)
      expect(entries.filter(({ operation }) => operation === 'application.setLimits')).toHaveLength(2)
    })
  })
}
