import type { ApplicationId, UserId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { ArtifactKind, NewArtifact } from './artifact-store.ts'

const ada = guid(0xada) as UserId
const bob = guid(0xb0b) as UserId

function artifact(kind: ArtifactKind, idHash: string, given: Partial<NewArtifact> = {}): NewArtifact {
  return {
    kind,
    idHash,
    sealed: `sealed ${idHash}`,
    signIn: null,
    sessionHash: null,
    userCodeHash: null,
    user: ada,
    application: guid(0xc11) as ApplicationId,
    lifeMs: 60_000,
    ...given,
  }
}

export function describeArtifactStore(kind: string, open: OpenBackend): void {
  describe(`sign-in artifacts on ${kind}`, () => {
    const bed = useTestbed(open)

    it('come back by what they are found by, in their own tenant alone', async () => {
      const { ours, theirs } = await bed.twoTenants()
      await ours.artifacts.keep(artifact('Session', 'session', { sessionHash: 'uid' }))
      await ours.artifacts.keep(artifact('DeviceCode', 'device', { userCodeHash: 'user code' }))
      const found = await ours.artifacts.find('Session', 'session')
      expect(found).toMatchObject({ sealed: 'sealed session', user: ada, consumedAt: null })
      expect(found?.expiresAt).toBe((found?.createdAt ?? 0) + 60_000_000)
      expect(await ours.artifacts.findSession('uid')).toEqual(found)
      expect(await ours.artifacts.findByUserCode('user code')).toMatchObject({ idHash: 'device' })
      expect(await ours.artifacts.find('Interaction', 'session')).toBeUndefined()
      expect(await theirs.artifacts.find('Session', 'session')).toBeUndefined()
      expect(await theirs.artifacts.findByUserCode('user code')).toBeUndefined()
    })

    it('take a new state, and stay consumed', async () => {
      const { ours } = await bed.twoTenants()
      await ours.artifacts.keep(artifact('DeviceCode', 'device', { user: null, userCodeHash: 'code' }))
      expect(await ours.artifacts.consume('DeviceCode', 'device')).toBe('consumed')
      await ours.artifacts.keep(artifact('DeviceCode', 'device', { sealed: 'anew', userCodeHash: 'code' }))
      const found = await ours.artifacts.find('DeviceCode', 'device')
      expect(found).toMatchObject({ sealed: 'anew', user: ada, consumedAt: expect.any(Number) })
      await ours.artifacts.remove('DeviceCode', 'device')
      expect(await ours.artifacts.find('DeviceCode', 'device')).toBeUndefined()
    })

    it('are consumed by one alone, however many come at once', async () => {
      const { ours } = await bed.twoTenants()
      await ours.artifacts.keep(artifact('RefreshToken', 'token'))
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => ours.artifacts.consume('RefreshToken', 'token')),
      )
      expect(outcomes.filter((outcome) => outcome === 'consumed')).toHaveLength(1)
      expect(await ours.artifacts.consume('RefreshToken', 'never there')).toBe('used')
    })

    it('end with their sign-in, which does not come back', async () => {
      const { tenant, ours, theirs } = await bed.twoTenants()
      const begun = auditEntry({ operation: 'signIn.begin', target: 'one' })
      await ours.artifacts.keep(artifact('Grant', 'one'), begun)
      await ours.artifacts.keep(artifact('RefreshToken', 'of one', { signIn: 'one' }))
      await ours.artifacts.keep(artifact('Grant', 'two'))
      await ours.artifacts.keep(artifact('RefreshToken', 'of two', { signIn: 'two' }))
      const now = bed.clock.now()
      expect(await ours.artifacts.isSignedIn('one', now)).toBe(true)
      expect(await theirs.artifacts.isSignedIn('one', now)).toBe(false)

      await bed.stores.tenants.create({ id: tenant, domain: tenant, displayName: 'Contoso' })
      const ended = auditEntry({ operation: 'signIn.end', target: 'one' })
      expect(await ours.artifacts.end({ by: 'signIn', signIn: 'one' }, ended)).toBe(1)
      expect(await ours.artifacts.isSignedIn('one', now)).toBe(false)
      expect(await ours.artifacts.find('RefreshToken', 'of one')).toBeUndefined()
      expect(await ours.artifacts.isSignedIn('two', now)).toBe(true)
      expect(await ours.artifacts.find('RefreshToken', 'of two')).toBeDefined()
      // Twice is once: nothing more ends, and nothing more is told.
      expect(await ours.artifacts.end({ by: 'signIn', signIn: 'one' }, auditEntry())).toBe(0)
      expect(await bed.stores.tenants.securityEpoch(tenant)).toBe(1)
      const audited = (await bed.rows('audit_entry', tenant)).map(({ operation }) => operation)
      expect(audited.filter((operation) => String(operation).startsWith('signIn.')).toSorted()).toEqual([
        'signIn.begin',
        'signIn.end',
      ])
    })

    it('end by browser and by person, and leave those of others', async () => {
      const { ours } = await bed.twoTenants()
      const now = bed.clock.now()
      await ours.artifacts.keep(artifact('Session', 'browser', { sessionHash: 'uid' }))
      await ours.artifacts.keep(artifact('Grant', 'in the browser', { sessionHash: 'uid' }))
      await ours.artifacts.keep(artifact('AuthorizationCode', 'code', { signIn: 'in the browser' }))
      await ours.artifacts.keep(artifact('Grant', 'on a device'))
      await ours.artifacts.keep(artifact('Grant', 'of bob', { user: bob }))
      expect(await ours.artifacts.end({ by: 'session', sessionHash: 'uid' }, auditEntry())).toBe(1)
      expect(await ours.artifacts.find('Session', 'browser')).toBeUndefined()
      expect(await ours.artifacts.find('AuthorizationCode', 'code')).toBeUndefined()
      expect(await ours.artifacts.isSignedIn('on a device', now)).toBe(true)
      expect(await ours.artifacts.end({ by: 'user', user: ada }, auditEntry())).toBe(1)
      expect(await ours.artifacts.isSignedIn('on a device', now)).toBe(false)
      expect(await ours.artifacts.isSignedIn('of bob', now)).toBe(true)
    })

    it('are over when they expire, and are removed some time after', async () => {
      const { ours } = await bed.twoTenants()
      await ours.artifacts.keep(artifact('Grant', 'short'))
      await ours.artifacts.keep(artifact('Grant', 'long', { lifeMs: 600_000 }))
      bed.clock.advance('2m')
      const now = bed.clock.now()
      expect(await ours.artifacts.isSignedIn('short', now)).toBe(false)
      expect(await ours.artifacts.isSignedIn('long', now)).toBe(true)
      await bed.stores.expiredArtifacts.removeExpired(now, 1_000)
      expect(await ours.artifacts.find('Grant', 'short')).toBeUndefined()
      expect(await ours.artifacts.find('Grant', 'long')).toBeDefined()
    })
  })
}
