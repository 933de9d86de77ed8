import type { ApplicationId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { type Testbed, useTestbed } from '../../tests/stores/testbed.ts'

const id = guid(1) as ApplicationId
const signIn = { isPublic: true, redirectUris: ['https://app.example/back'], scopes: ['Machine.Read'] }

type TenantStores = Awaited<ReturnType<Testbed['twoTenants']>>['ours']

async function register({ applications }: TenantStores): Promise<void> {
  await applications.create({
    id,
    displayName: 'Playbooks',
    permissions: [],
    secret: null,
    audit: auditEntry({ operation: 'application.create', target: id }),
  })
}

export function describeSignInApplicationStore(kind: string, open: OpenBackend): void {
  describe(`applications that people sign in with on ${kind}`, () => {
    const bed = useTestbed(open)

    it('keep what was set last, each change audited', async () => {
      const { tenant, ours, theirs } = await bed.twoTenants()
      await register(ours)
      expect(await ours.signInApplications.find(id)).toBeUndefined()
      const audit = () => auditEntry({ operation: 'application.setSignIn', target: id })
      expect(await ours.signInApplications.set(id, signIn, audit())).toBe(true)
      expect(await ours.signInApplications.find(id)).toEqual(signIn)
      const later = { isPublic: false, redirectUris: [], scopes: [] }
      expect(await ours.signInApplications.set(id, later, audit())).toBe(true)
      expect(await ours.signInApplications.find(id)).toEqual(later)
      expect(await theirs.signInApplications.find(id)).toBeUndefined()
      const entries = await bed.rows('audit_entry', tenant)
      expect(entries.filter(({ operation }) => operation === 'application.setSignIn')).toHaveLength(2)
    })

    it('must be registered', async () => {
      const { ours } = await bed.twoTenants()
      expect(await ours.signInApplications.set(id, signIn, auditEntry())).toBe(false)
      expect(await ours.signInApplications.find(id)).toBeUndefined()
    })
  })
}
