import type { ApplicationId, Instant, Permission, TenantId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { sqlStores } from '../stores.ts'
import { type AssertionUse, MAX_CREDENTIALS, type NewApplication } from './application-store.ts'

const id = guid(1) as ApplicationId
const unknown = guid(3) as ApplicationId
const DAY_MS = 86_400_000

const audit = (operation: string) => auditEntry({ operation: `application.${operation}`, target: id })

function newSecret(n: number, lifeMs: number | null = 60_000) {
  return { id: guid(n), description: `Secret ${n}`, secretHash: 'ab'.repeat(32), hint: 'abc', lifeMs }
}

function newCertificate(n: number, key = n) {
  return {
    id: guid(n),
    description: `Certificate ${n}`,
    certificate: 'PEM',
    sha1: key.toString(16).padStart(40, '0'),
    sha256: key.toString(16).padStart(64, '0'),
    notBefore: 1_000 as Instant,
    notAfter: 2_000 as Instant,
  }
}

function newApplication(
  displayName: string,
  permissions: readonly Permission[],
  given: Partial<NewApplication> = {},
): NewApplication {
  return { id, displayName, permissions, secret: newSecret(2), audit: audit('create'), ...given }
}

export function describeApplicationStore(kind: string, open: OpenBackend): void {
  describe(`applications on ${kind}`, () => {
    const bed = useTestbed(open)

    const setUp = async () => {
      const { tenant, ours, theirs } = await bed.twoTenants()
      await bed.stores.tenants.create({ id: tenant, domain: `${tenant}.example`, displayName: 'Ours' })
      await ours.applications.create(newApplication('Playbooks', ['Machine.Scan']))
      const epoch = () => bed.stores.tenants.securityEpoch(tenant)
      const audited = async (operation: string) =>
        (await bed.rows('audit_entry', tenant)).filter((row) => row.operation === `application.${operation}`)
          .length
      return { tenant, store: ours.applications, theirs: theirs.applications, epoch, audited }
    }
    /** Every change raises the epoch and is audited, once; what changed nothing does neither. */
    const expectChange = async (
      { epoch, audited }: Awaited<ReturnType<typeof setUp>>,
      operation: string,
      change: () => Promise<unknown>,
      times = 1,
    ) => {
      const before = { epoch: await epoch(), audited: await audited(operation) }
      await change()
      expect(await epoch()).toBe(before.epoch + times)
      expect(await audited(operation)).toBe(before.audited + times)
    }

    it('come back with permissions, secrets and the usual limits', async () => {
      const { ours, theirs } = await bed.twoTenants()
      const application = newApplication('Playbooks', ['Machine.Scan', 'Machine.Read.All'])
      expect(await ours.applications.create(application)).toBe('created')
      const found = await ours.applications.find(id)
      expect(found).toMatchObject({
        displayName: 'Playbooks',
        permissions: ['Machine.Read.All', 'Machine.Scan'],
        limits: { perMinute: null, perHour: null },
        secrets: [
          {
            id: guid(2),
            description: 'Secret 2',
            secretHash: 'ab'.repeat(32),
            hint: 'abc',
            revokedAt: null,
            lastUsedAt: null,
          },
        ],
        certificates: [],
      })
      expect(found?.secrets[0]?.expiresAt).toBe((found?.createdAt ?? 0) + 60_000_000)
      expect(await theirs.applications.find(id)).toBeUndefined()
    })

    it('are created once; the second leaves the first as it is', async () => {
      const { ours } = await bed.twoTenants()
      await ours.applications.create(newApplication('First', ['Machine.Scan'], { secret: null }))
      const first = await ours.applications.find(id)
      expect(first?.secrets).toEqual([])
      expect(await ours.applications.create(newApplication('Second', ['Fleet.Admin']))).toBe('exists')
      expect(await ours.applications.find(id)).toEqual(first)
    })

    it('are listed newest first, a page at a time', async () => {
      const { ours, theirs } = await bed.twoTenants()
      for (const n of [11, 12, 13]) {
        const secret = newSecret(100 + n)
        await ours.applications.create(newApplication(`A${n}`, [], { id: guid(n) as ApplicationId, secret }))
      }
      const first = await ours.applications.list({ limit: 2 })
      expect(first.map(({ displayName, secrets }) => [displayName, secrets[0]?.id])).toEqual([
        ['A13', guid(113)],
        ['A12', guid(112)],
      ])
      const last = first.at(-1)
      const after = last && { createdAt: last.createdAt, id: last.id }
      const rest = await ours.applications.list({ after, limit: 2 })
      expect(rest.map(({ displayName }) => displayName)).toEqual(['A11'])
      expect(await theirs.applications.list({ limit: 2 })).toEqual([])
    })

    it('change name and permissions, each only where it is given', async () => {
      const all = await setUp()
      const { store } = all
      await expectChange(all, 'change', () => store.change(id, { displayName: 'New' }, audit('change')))
      expect(await store.find(id)).toMatchObject({ displayName: 'New', permissions: ['Machine.Scan'] })
      const permissions: Permission[] = ['Scan.Read.All', 'Fleet.Admin', 'Scan.Read.All']
      await expectChange(all, 'change', () => store.change(id, { permissions }, audit('change')))
      const changed = { displayName: 'New', permissions: ['Fleet.Admin', 'Scan.Read.All'] }
      expect(await store.find(id)).toMatchObject(changed)
      const change = () => store.change(unknown, { permissions: [] }, audit('change'))
      await expectChange(all, 'change', async () => expect(await change()).toBe(false), 0)
      expect(await store.find(id)).toMatchObject(changed)
    })

    it('are gone with all that was theirs when they are deleted', async () => {
      const all = await setUp()
      const { store, tenant } = all
      await store.addCertificate(id, newCertificate(5), audit('addCertificate'))
      await store.takeAssertion(use())
      await expectChange(all, 'delete', () => store.remove(id, audit('delete')))
      expect(await store.find(id)).toBeUndefined()
      for (const table of ['permission', 'secret', 'certificate']) {
        expect(await bed.rows(`application_${table}`, tenant)).toEqual([])
      }
      expect(await bed.rows('client_assertion', tenant)).toEqual([])
      await expectChange(all, 'delete', () => store.remove(id, audit('delete')), 0)
    })

    it('hold several secrets, oldest first, until each is revoked', async () => {
      const all = await setUp()
      const { store, theirs } = all
      await expectChange(all, 'addSecret', async () => {
        const added = await store.addSecret(id, newSecret(4, null), audit('addSecret'))
        expect(added).toMatchObject({ kind: 'added', credential: { id: guid(4), expiresAt: null } })
      })
      await expectChange(all, 'revokeSecret', () =>
        store.revokeCredential(id, 'secret', guid(2), audit('revokeSecret')),
      )
      const secrets = (await store.find(id))?.secrets
      expect(secrets).toMatchObject([
        { id: guid(2), revokedAt: expect.any(Number) },
        { id: guid(4), revokedAt: null },
      ])
      const again = () => store.revokeCredential(id, 'secret', guid(2), audit('revokeSecret'))
      await expectChange(all, 'revokeSecret', async () => expect(await again()).toBe(true), 0)
      expect((await store.find(id))?.secrets).toEqual(secrets)
      expect(await store.revokeCredential(id, 'certificate', guid(4), audit('x'))).toBe(false)
      expect(await store.revokeCredential(unknown, 'secret', guid(4), audit('x'))).toBe(false)
      expect(await theirs.revokeCredential(id, 'secret', guid(4), audit('x'))).toBe(false)
      expect(await store.addSecret(unknown, newSecret(9), audit('x'))).toEqual({ kind: 'unknown' })
    })

    it('hold a certificate once, and may get it again after it was revoked', async () => {
      const all = await setUp()
      const { store } = all
      const add = (n: number, key: number) =>
        store.addCertificate(id, newCertificate(n, key), audit('addCertificate'))
      await expectChange(all, 'addCertificate', async () => {
        const credential = { ...newCertificate(5, 1), createdAt: expect.any(Number), revokedAt: null }
        expect(await add(5, 1)).toEqual({ kind: 'added', credential: { ...credential, lastUsedAt: null } })
      })
      await expectChange(all, 'addCertificate', async () => expect((await add(6, 1)).kind).toBe('exists'), 0)
      await expectChange(all, 'revokeCertificate', () =>
        store.revokeCredential(id, 'certificate', guid(5), audit('revokeCertificate')),
      )
      expect((await add(7, 1)).kind).toBe('added')
      expect(
        (await store.find(id))?.certificates.map(({ id, revokedAt }) => [id, revokedAt === null]),
      ).toEqual([
        [guid(5), false],
        [guid(7), true],
      ])
    })

    it('hold so many credentials and no more, whoever adds them at once; revoked ones are forgotten', async () => {
      const { store } = await setUp()
      const added = await Promise.all(
        Array.from({ length: MAX_CREDENTIALS + 5 }, (_, n) =>
          store.addSecret(id, newSecret(100 + n), audit('addSecret')),
        ),
      )
      expect(added.filter(({ kind }) => kind === 'added')).toHaveLength(MAX_CREDENTIALS - 1)
      await store.revokeCredential(id, 'secret', guid(2), audit('revokeSecret'))
      expect((await store.addSecret(id, newSecret(200), audit('addSecret'))).kind).toBe('added')
      expect((await store.find(id))?.secrets).toHaveLength(MAX_CREDENTIALS + 1)
      await store.revokeCredential(id, 'secret', guid(200), audit('revokeSecret'))
      bed.clock.advance(91 * DAY_MS)
      await store.addSecret(id, newSecret(201), audit('addSecret'))
      expect((await store.find(id))?.secrets).toHaveLength(MAX_CREDENTIALS)
    })

    it('keep overrides of their limits until they are lifted, each change audited', async () => {
      const all = await setUp()
      const { store } = all
      const set = (perMinute: number | null) => async () =>
        expect(await store.setLimits(id, { perMinute, perHour: null }, audit('setLimits'))).toBe(true)
      await expectChange(all, 'setLimits', set(9_000))
      expect((await store.find(id))?.limits).toEqual({ perMinute: 9_000, perHour: null })
      await expectChange(all, 'setLimits', set(null))
      expect((await store.find(id))?.limits).toEqual({ perMinute: null, perHour: null })
      expect(await store.setLimits(unknown, { perMinute: 1, perHour: 1 }, audit('setLimits'))).toBe(false)
    })

    it('remember when a credential was last used, which is no change', async () => {
      const all = await setUp()
      const { store, theirs } = all
      await store.addCertificate(id, newCertificate(5), audit('addCertificate'))
      const used = async (at: number) =>
        store.recordUses([
          { application: id, kind: 'secret', credential: guid(2), at: at as Instant },
          { application: id, kind: 'certificate', credential: guid(5), at: (at + 1) as Instant },
          { application: unknown, kind: 'secret', credential: guid(2), at: at as Instant },
        ])
      const before = await all.epoch()
      await used(500)
      await used(100)
      expect(await store.find(id)).toMatchObject({
        secrets: [{ lastUsedAt: 500 }],
        certificates: [{ lastUsedAt: 501 }],
      })
      expect(await all.epoch()).toBe(before)
      await theirs.recordUses([])
    })

    describe('assertions', () => {
      it('are taken at first, and again where they are the very same from the same address', async () => {
        const { store } = await setUp()
        expect(await store.takeAssertion(use())).toBe(true)
        expect(await store.takeAssertion(use())).toBe(true)
        expect(await store.takeAssertion(use({ address: '192.0.2.2' }))).toBe(false)
        expect(await store.takeAssertion(use({ assertionHash: 'other' }))).toBe(false)
        expect(await store.takeAssertion(use({ application: unknown, address: '192.0.2.2' }))).toBe(true)
      })

      it('belong to one of all who send them at once, on every node and after a restart', async () => {
        const { store, tenant } = await setUp()
        await using node = await bed.openNode()
        const other = sqlStores(node, () => guid(99)).forTenant(tenant as TenantId).applications
        const addresses = Array.from({ length: 20 }, (_, n) => `192.0.2.${n}`)
        const taken = await Promise.all(
          addresses.map((address, n) => (n % 2 === 0 ? store : other).takeAssertion(use({ address }))),
        )
        expect(taken.filter(Boolean)).toHaveLength(1)
        await using later = await bed.openNode()
        const after = sqlStores(later, () => guid(99)).forTenant(tenant as TenantId).applications
        const again = await Promise.all(addresses.map((address) => after.takeAssertion(use({ address }))))
        expect(again).toEqual(taken)
      })

      it('are forgotten when they are over', async () => {
        const { store, tenant } = await setUp()
        await store.takeAssertion(use())
        bed.clock.advance('2h')
        expect(await store.takeAssertion(use({ idHash: 'next' }))).toBe(true)
        expect(await bed.rows('client_assertion', tenant)).toMatchObject([{ id_hash: 'next' }])
      })
    })

    const use = (given: Partial<AssertionUse> = {}): AssertionUse => ({
      application: id,
      idHash: 'id',
      assertionHash: 'all',
      address: '192.0.2.1',
      expiresAt: (bed.clock.now() + 3_600_000_000) as Instant,
      ...given,
    })
  })
}
