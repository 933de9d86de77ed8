import type { Instant } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { chainEntries } from './audit-chain.ts'
import type { AuditHead } from './audit-entry.ts'
import type { AuditStore } from './audit-store.ts'
import { sqlAuditStore } from './audit-store-sql.ts'

const unsigned = { signedAt: 1 as Instant, keyId: 'key', signature: 'signature' }

export function describeAuditStore(kind: string, open: OpenBackend): void {
  describe(`the audit on ${kind}`, () => {
    const bed = useTestbed(open)
    /** A tenant whose entries are the ones that the test records: those of the testbed are sealed already. */
    const useAudit = async () => {
      const { tenant, ours, theirs } = await bed.twoTenants()
      const { audit } = ours
      const seal = async (head: AuditHead | undefined) => {
        const entries = chainEntries(tenant, head ?? { position: 0, hash: '' }, await audit.unsealed(10_000))
        const { position, hash } = entries.at(-1) ?? { position: 0, hash: '' }
        return { follows: head?.position ?? 0, entries, head: { position, hash, ...unsigned } }
      }
      await audit.seal(await seal(undefined))
      return { tenant, audit, theirs, seal, first: (await audit.newestHead())?.position ?? 0 }
    }
    const record = async (audit: AuditStore, ...names: string[]) => {
      for (const name of names) {
        bed.clock.advance(1)
        await audit.record([auditEntry({ target: name })])
      }
    }
    const targets = (entries: readonly { target: string }[]) => entries.map(({ target }) => target)

    it('lists newest first, a page at a time, by principal, operation, target and time', async () => {
      const { audit, theirs } = await useAudit()
      bed.clock.advance('1s')
      const from = bed.clock.now()
      await record(audit, 'a', 'b', 'c')
      await audit.record([
        auditEntry({
          target: 'd',
          operation: 'application.create',
          principal: { kind: 'user', id: 'ann', name: 'Ann' },
        }),
      ])
      const list = (query: Partial<Parameters<AuditStore['list']>[0]>) =>
        audit.list({ from, limit: 10, ...query }).then(targets)
      expect(await list({})).toEqual(['d', 'c', 'b', 'a'])
      const [, second] = await audit.list({ limit: 2 })
      expect(await list({ after: second, limit: 1 })).toEqual(['b'])
      expect(await list({ principal: 'ann' })).toEqual(['d'])
      expect(await list({ operation: 'machineAction.create' })).toEqual(['c', 'b', 'a'])
      expect(await list({ target: 'b' })).toEqual(['b'])
      expect(await list({ to: second?.at })).toEqual(['b', 'a'])
      expect(await list({ principal: 'ann', target: 'b' })).toEqual([])
      expect(targets(await theirs.audit.list({ limit: 100 }))).not.toContain('a')
    })

    it('records many entries at once, in one order', async () => {
      const { audit } = await useAudit()
      const entries = Array.from({ length: 120 }, (_, n) => auditEntry({ target: `t-${n}` }))
      await audit.record(entries)
      expect(await audit.countUnsealed()).toBe(120)
      expect((await audit.unsealed(200)).map(({ id }) => id).toSorted()).toEqual(
        entries.map(({ id }) => id).toSorted(),
      )
    })

    it('gives entries their places, oldest first, and a late one the next place', async () => {
      const { tenant, audit, seal, first } = await useAudit()
      await record(audit, 'a', 'b', 'c')
      expect(await audit.seal(await seal(await audit.newestHead()))).toBe('sealed')
      expect(await audit.countUnsealed()).toBe(0)
      // By a node whose clock is slow, or in a transaction that took its time.
      bed.clock.jump('-1h')
      await using slow = await bed.openNode()
      await record(sqlAuditStore(slow, tenant), 'older')
      bed.clock.jump('1h')
      expect(await audit.seal(await seal(await audit.newestHead()))).toBe('sealed')
      const sealed = await audit.sealed({
        after: { position: first, id: '~' },
        through: first + 4,
        limit: 10,
      })
      expect(sealed.map(({ position, target }) => [position, target])).toEqual([
        [first + 1, 'a'],
        [first + 2, 'b'],
        [first + 3, 'c'],
        [first + 4, 'older'],
      ])
      expect(sealed.map(({ hash }) => hash)).not.toContain(null)
      const heads = await audit.heads({ after: first, through: first + 4, limit: 10 })
      expect(heads.map(({ position }) => position)).toEqual([first + 3, first + 4])
      expect(await audit.newestHead()).toEqual(heads[1])
      expect(await audit.beyondNewestHead()).toBeUndefined()
    })

    it('lets one head follow another, whoever is first, and changes nothing for the second', async () => {
      const { audit, seal } = await useAudit()
      const head = await audit.newestHead()
      await record(audit, 'a')
      const short = await seal(head)
      await record(audit, 'b')
      const long = await seal(head)
      const outcomes = await Promise.all([audit.seal(short), audit.seal(long), audit.seal(short)])
      expect(outcomes.toSorted()).toEqual(['overtaken', 'overtaken', 'sealed'])
      const newest = await audit.newestHead()
      expect([short.head, long.head]).toContainEqual(newest)
      const placed = await audit.sealed({
        after: { position: head?.position ?? 0, id: '~' },
        through: Number.MAX_SAFE_INTEGER,
        limit: 10,
      })
      expect(placed.map(({ position }) => position)).toEqual(
        newest?.position === short.head.position
          ? [short.head.position]
          : long.entries.map((e) => e.position),
      )
    })

    it('knows which tenants have something to seal', async () => {
      const { tenant, audit, seal } = await useAudit()
      expect(await bed.stores.auditBacklog.tenants()).not.toContain(tenant)
      await record(audit, 'a')
      expect(await bed.stores.auditBacklog.tenants()).toContain(tenant)
      await audit.seal(await seal(await audit.newestHead()))
      expect(await bed.stores.auditBacklog.tenants()).not.toContain(tenant)
    })
  })
}
