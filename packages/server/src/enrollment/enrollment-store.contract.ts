import { addMs } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, enrollment, guid, inventory, machineId, newToken } from '../../tests/stores/builders.ts'
import { MACHINES_TOKEN, useTestbed } from '../../tests/stores/testbed.ts'
import type { Cursor } from '../kit/cursor.ts'
import { sqlStores } from '../stores.ts'

export function describeEnrollmentStore(kind: string, open: OpenBackend): void {
  describe(`enrollment on ${kind}`, () => {
    const bed = useTestbed(open)

    const uses = async (
      store: { listTokens: (query: { limit: number }) => Promise<{ id: string; uses: number }[]> },
      token: number,
    ) => (await store.listTokens({ limit: 100 })).find(({ id }) => id === guid(token))?.uses

    describe('enrolling', () => {
      it('makes a new machine of a key that nobody knows, with the tags of its token', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1, { tags: ['lab', 'berlin'] }))
        expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 10))).toEqual({
          kind: 'enrolled',
          machineId: machineId(10),
          outcome: 'new',
          isPotentialDuplication: false,
        })
        expect(await ours.machines.find(machineId(10))).toMatchObject({
          publicKey: 'new-key',
          computerDnsName: 'Lab-10.example',
          lastExternalIpAddress: '198.51.100.7',
          tags: ['lab', 'berlin'],
          isPotentialDuplication: false,
          ordersHeldBecause: null,
        })
        const audit = await bed.rows('audit_entry', tenant)
        expect(audit.filter(({ target }) => target === machineId(10))).toMatchObject([
          { operation: 'machine.enroll', principal_kind: 'machine' },
        ])
      })

      it('gives the same answer to the same request again, and counts it once', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        const first = await ours.enrollment.enroll(enrollment(1, 'new-key', 10))
        const audit = await bed.rows('audit_entry', tenant)
        expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 11))).toEqual(first)
        expect(await uses(ours.enrollment, 1)).toBe(1)
        expect(await bed.rows('audit_entry', tenant)).toHaveLength(audit.length)
        expect(await ours.machines.find(machineId(11))).toBeUndefined()
      })

      it('gives that answer even when the token has expired since', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1, { lifeMs: 60_000 }))
        const first = await ours.enrollment.enroll(enrollment(1, 'new-key', 10))
        bed.clock.advance(61_000)
        expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 11))).toEqual(first)
      })

      it('knows a machine by its key, with whatever token it comes back', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        const renamed = { ...inventory(1), computerDnsName: 'Renamed.example' }
        expect(await ours.enrollment.enroll(enrollment(1, 'key-1', 10, { inventory: renamed }))).toEqual({
          kind: 'enrolled',
          machineId: machineId(1),
          outcome: 'same',
          isPotentialDuplication: false,
        })
        expect(await ours.machines.find(machineId(1))).toMatchObject({
          publicKey: 'key-1',
          computerDnsName: 'Renamed.example',
        })
        expect(await ours.machines.find(machineId(10))).toBeUndefined()
        expect(await uses(ours.enrollment, 1)).toBe(1)
      })

      it('makes a new, flagged machine of another key on a known operating system', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        const stolen = enrollment(1, 'thief', 10, { inventory: inventory(10, 1) })
        expect(await ours.enrollment.enroll(stolen)).toEqual({
          kind: 'enrolled',
          machineId: machineId(10),
          outcome: 'new',
          isPotentialDuplication: true,
        })
        expect(await ours.machines.find(machineId(10))).toMatchObject({ isPotentialDuplication: true })
        expect(await ours.machines.find(machineId(1))).toMatchObject({
          publicKey: 'key-1',
          isPotentialDuplication: false,
        })
      })

      it('gives a machine a new key by a token that was made for it, and ends every doubt about it', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.machines.holdOrders(machineId(1), 'copied key', auditEntry())
        const before = await bed.rows('machine', tenant)
        await ours.enrollment.createToken(newToken(1, { replaceMachine: machineId(1) }))
        expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 10))).toEqual({
          kind: 'enrolled',
          machineId: machineId(1),
          outcome: 'replaced',
          isPotentialDuplication: false,
        })
        expect(await ours.machines.find(machineId(1))).toMatchObject({
          publicKey: 'new-key',
          ordersHeldBecause: null,
          isPotentialDuplication: false,
        })
        expect(await bed.rows('machine', tenant)).toHaveLength(before.length)
      })

      it('does not take a key that is in use twice for its own replacement', async () => {
        const { ours } = await bed.twoTenants()
        await ours.machines.holdOrders(machineId(1), 'copied key', auditEntry())
        await ours.enrollment.createToken(newToken(1, { replaceMachine: machineId(1) }))
        expect(await ours.enrollment.enroll(enrollment(1, 'key-1', 10))).toEqual({
          kind: 'refused',
          why: 'keyInDoubt',
        })
        expect(await uses(ours.enrollment, 1)).toBe(0)
      })

      it('never hands out the identity of a key that has been replaced', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1, { replaceMachine: machineId(1) }))
        await ours.enrollment.enroll(enrollment(1, 'new-key', 10))
        // The token that key-1 came in with has no use left.
        expect(await ours.enrollment.enroll(enrollment(MACHINES_TOKEN, 'key-1', 11))).toEqual({
          kind: 'refused',
          why: 'usedUp',
        })
      })

      it('makes a stranger of a replaced key that comes with uses left, the same one each time', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1, { maxUses: 5 }))
        await ours.enrollment.enroll(enrollment(1, 'old-key', 10))
        await ours.enrollment.createToken(newToken(2, { replaceMachine: machineId(10) }))
        await ours.enrollment.enroll(enrollment(2, 'new-key', 11, { inventory: inventory(10) }))
        const stranger = {
          kind: 'enrolled',
          machineId: machineId(12),
          outcome: 'new',
          isPotentialDuplication: true,
        }
        const replay = (machine: number) =>
          ours.enrollment.enroll(enrollment(1, 'old-key', machine, { inventory: inventory(10) }))
        expect(await replay(12)).toEqual(stranger)
        expect(await replay(13)).toEqual(stranger)
        expect(await uses(ours.enrollment, 1)).toBe(2)
      })

      it.each(['unknown', 'wrong', 'expired', 'revoked', 'usedUp'] as const)(
        'refuses a token that is %s, and leaves nothing behind',
        async (flaw) => {
          const { tenant, ours } = await bed.twoTenants()
          if (flaw !== 'unknown') await ours.enrollment.createToken(newToken(1, { lifeMs: 60_000 }))
          if (flaw === 'expired') bed.clock.advance(61_000)
          if (flaw === 'revoked') await ours.enrollment.revokeToken(guid(1), auditEntry())
          if (flaw === 'usedUp') await ours.enrollment.enroll(enrollment(1, 'first', 20))
          const before = [await bed.rows('machine', tenant), await bed.rows('audit_entry', tenant)]
          const secretHash = flaw === 'wrong' ? 'hash-of-another' : 'hash-1'
          expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 10, { secretHash }))).toEqual({
            kind: 'refused',
            why: flaw === 'wrong' ? 'unknown' : flaw,
          })
          expect([await bed.rows('machine', tenant), await bed.rows('audit_entry', tenant)]).toEqual(before)
        },
      )

      it('refuses the replay of an earlier answer once its token is revoked', async () => {
        const { ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        await ours.enrollment.enroll(enrollment(1, 'new-key', 10))
        await ours.enrollment.revokeToken(guid(1), auditEntry())
        expect(await ours.enrollment.enroll(enrollment(1, 'new-key', 10))).toEqual({
          kind: 'refused',
          why: 'revoked',
        })
        expect(await ours.machines.find(machineId(10))).toMatchObject({ publicKey: 'new-key' })
      })

      it('uses a token no more often than it allows, however many machines come at once to two servers', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1, { maxUses: 7 }))
        const second = await bed.openNode()
        const others = sqlStores(second, () => 'unused').forTenant(tenant)
        const answers = await Promise.all(
          Array.from({ length: 40 }, (_, i) =>
            (i % 2 === 0 ? ours : others).enrollment.enroll(enrollment(1, `crowd-${i}`, 100 + i)),
          ),
        )
        await second[Symbol.asyncDispose]()
        expect(answers.filter(({ kind }) => kind === 'enrolled')).toHaveLength(7)
        expect(answers.filter((answer) => answer.kind === 'refused' && answer.why === 'usedUp')).toHaveLength(
          33,
        )
        expect(await uses(ours.enrollment, 1)).toBe(7)
        expect(await bed.rows('machine', tenant)).toHaveLength(6 + 7)
      })

      it('makes one machine of one key that comes with two tokens at once to two servers', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        await ours.enrollment.createToken(newToken(2))
        const second = await bed.openNode()
        const others = sqlStores(second, () => 'unused').forTenant(tenant)
        const answers = await Promise.all([
          ours.enrollment.enroll(enrollment(1, 'one-key', 20, { inventory: inventory(20) })),
          others.enrollment.enroll(enrollment(2, 'one-key', 21, { inventory: inventory(20) })),
        ])
        await second[Symbol.asyncDispose]()
        expect(answers.map((answer) => 'outcome' in answer && answer.outcome).toSorted()).toEqual([
          'new',
          'same',
        ])
        expect(await bed.rows('machine', tenant)).toHaveLength(6 + 1)
      })
    })

    describe('tokens', () => {
      it('say when they expire, counted from the server’s own moment', async () => {
        const { ours } = await bed.twoTenants()
        const answer = await ours.enrollment.createToken(newToken(1, { lifeMs: 60_000, tags: ['x'] }))
        if (answer.kind !== 'created') throw new Error('not created')
        expect(answer.token.expiresAt).toBe(addMs(answer.token.createdAt, 60_000))
        const [listed] = await ours.enrollment.listTokens({ limit: 1 })
        expect(listed).toEqual(answer.token)
      })

      it('cannot be made to replace a machine that the tenant does not have', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const before = await bed.rows('enrollment_token', tenant)
        expect(await ours.enrollment.createToken(newToken(1, { replaceMachine: machineId(99) }))).toEqual({
          kind: 'machineUnknown',
        })
        expect(await bed.rows('enrollment_token', tenant)).toEqual(before)
      })

      it('are listed newest first, page after page', async () => {
        const { ours } = await bed.twoTenants()
        for (const n of [1, 2, 3, 4]) await ours.enrollment.createToken(newToken(n))
        const ids: string[] = []
        let after: Cursor | undefined
        let page = await ours.enrollment.listTokens({ limit: 2 })
        while (page.length > 0) {
          ids.push(...page.map(({ id }) => id))
          const last = page.at(-1)
          after = last && { at: last.createdAt, id: last.id }
          page = await ours.enrollment.listTokens({ after, limit: 2 })
        }
        expect(ids).toEqual([4, 3, 2, 1, MACHINES_TOKEN].map(guid))
      })

      it('are revoked once; an unknown one cannot be', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.enrollment.createToken(newToken(1))
        const audit = auditEntry({ operation: 'enrollmentToken.revoke' })
        expect(await ours.enrollment.revokeToken(guid(1), audit)).toBe(true)
        const [revoked] = await ours.enrollment.listTokens({ limit: 1 })
        expect(await ours.enrollment.revokeToken(guid(1), auditEntry())).toBe(true)
        expect(await ours.enrollment.listTokens({ limit: 1 })).toEqual([revoked])
        expect(await ours.enrollment.revokeToken(guid(9), auditEntry())).toBe(false)
        const entries = await bed.rows('audit_entry', tenant)
        expect(entries.filter(({ operation }) => operation === 'enrollmentToken.revoke')).toHaveLength(1)
      })
    })
  })
}
