import type { ApplicationId, UserId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'

const ada = guid(0xada) as UserId

export function describeCredentialStore(kind: string, open: OpenBackend): void {
  describe(`passwords and links on ${kind}`, () => {
    const bed = useTestbed(open)
    const link = (secretHash: string) => ({ user: ada, secretHash, lifeMs: 60_000 })

    it('set a password with a link, once and by one alone', async () => {
      const { tenant, ours, theirs } = await bed.twoTenants()
      await ours.credentials.addLink(link('secret'), auditEntry({ operation: 'user.passwordLink' }))
      expect(await ours.credentials.findLink('secret', bed.clock.now())).toBe(ada)
      expect(await theirs.credentials.findLink('secret', bed.clock.now())).toBeUndefined()
      const use = (passwordHash: string) =>
        ours.credentials.useLink(
          { user: ada, secretHash: 'secret', passwordHash },
          auditEntry({ operation: 'user.setPassword' }),
        )
      const outcomes = await Promise.all(['a', 'b', 'c'].map(use))
      expect(outcomes.toSorted()).toEqual(['gone', 'gone', 'used'])
      const winner = ['a', 'b', 'c'][outcomes.indexOf('used')]
      expect(await ours.credentials.find(ada)).toMatchObject({ passwordHash: winner })
      expect(await theirs.credentials.find(ada)).toBeUndefined()
      const audited = (await bed.rows('audit_entry', tenant)).map(({ operation }) => operation)
      expect(audited.filter((operation) => operation === 'user.setPassword')).toHaveLength(1)
    })

    it('forget a link that a newer one replaced, or that expired', async () => {
      const { ours } = await bed.twoTenants()
      await ours.credentials.addLink(link('old'), auditEntry())
      await ours.credentials.addLink(link('new'), auditEntry())
      expect(await ours.credentials.findLink('old', bed.clock.now())).toBeUndefined()
      expect(await ours.credentials.findLink('new', bed.clock.now())).toBe(ada)
      bed.clock.advance('2m')
      expect(await ours.credentials.findLink('new', bed.clock.now())).toBeUndefined()
      const use = { user: ada, secretHash: 'new', passwordHash: 'hash' }
      expect(await ours.credentials.useLink(use, auditEntry())).toBe('gone')
      expect(await ours.credentials.find(ada)).toBeUndefined()
    })

    it('end all sign-ins of the person with a new password', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const grant = {
        kind: 'Grant',
        signIn: null,
        sessionHash: null,
        userCodeHash: null,
        sealed: '',
      } as const
      const application = guid(1) as ApplicationId
      await ours.artifacts.keep({ ...grant, idHash: 'hers', user: ada, application, lifeMs: 60_000 })
      const bob = guid(0xb0b) as UserId
      await ours.artifacts.keep({ ...grant, idHash: 'his', user: bob, application, lifeMs: 60_000 })
      await bed.stores.tenants.create({ id: tenant, domain: tenant, displayName: 'Contoso' })
      await ours.credentials.addLink(link('secret'), auditEntry())
      await ours.credentials.useLink({ user: ada, secretHash: 'secret', passwordHash: 'x' }, auditEntry())
      expect(await ours.artifacts.isSignedIn('hers', bed.clock.now())).toBe(false)
      expect(await ours.artifacts.isSignedIn('his', bed.clock.now())).toBe(true)
      expect(await bed.stores.tenants.securityEpoch(tenant)).toBe(1)
    })

    it('are gone with the person', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const user = { id: ada, userPrincipalName: 'ada@contoso.example', displayName: 'Ada', groups: [] }
      await ours.users.create(user, auditEntry())
      await ours.credentials.addLink(link('secret'), auditEntry())
      await ours.credentials.useLink({ user: ada, secretHash: 'secret', passwordHash: 'x' }, auditEntry())
      await ours.credentials.addLink(link('another'), auditEntry())
      expect(await ours.users.delete(ada, auditEntry())).toBe('deleted')
      expect(await bed.rows('user_credential', tenant)).toEqual([])
      expect(await bed.rows('password_link', tenant)).toEqual([])
    })

    it('rehash a password only while it is the same', async () => {
      const { ours } = await bed.twoTenants()
      await ours.credentials.addLink(link('secret'), auditEntry())
      await ours.credentials.useLink({ user: ada, secretHash: 'secret', passwordHash: 'old' }, auditEntry())
      await ours.credentials.rehash(ada, 'another', 'lost')
      expect(await ours.credentials.find(ada)).toMatchObject({ passwordHash: 'old' })
      await ours.credentials.rehash(ada, 'old', 'new')
      expect(await ours.credentials.find(ada)).toMatchObject({ passwordHash: 'new' })
    })
  })
}
