import { randomUUID } from 'node:crypto'
import { addMs, type TenantId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { StoredCallCount } from './call-count-store.ts'

export function describeCallCountStore(kind: string, open: OpenBackend): void {
  describe(`call counts on ${kind}`, () => {
    const bed = useTestbed(open)
    const tenant = randomUUID() as TenantId
    const count = (caller: string, agoMs = 0, given: Partial<StoredCallCount> = {}): StoredCallCount => ({
      tenant,
      callClass: 'usual',
      caller,
      counts: { minute: [], hour: [[0, 1]] },
      countedAt: addMs(bed.clock.now(), -agoMs),
      ...given,
    })
    const load = async (limit = 100) => {
      const now = bed.clock.now()
      const all = await bed.stores.callCounts.load({
        from: addMs(now, -3_600_000),
        to: addMs(now, 3_600_000),
        limit,
      })
      return all.filter((one) => one.tenant === tenant)
    }

    it('come back as they were kept last, the newest first, by tenant, budget and caller', async () => {
      const { callCounts } = bed.stores
      await callCounts.save([count('application/a', 2_000), count('application/b', 1_000)])
      const other = count('application/a', 0, { tenant: randomUUID() as TenantId })
      const fleet = count('application/a', 500, { callClass: 'fleet' })
      const newer = count('application/b', 0, { counts: { minute: [[1, 2]], hour: [[1, 2]] } })
      await callCounts.save([other, fleet, newer])
      expect(await load()).toEqual([newer, fleet, count('application/a', 2_000)])
    })

    it('are gone when no window holds them any more, or when they lie ahead of any clock', async () => {
      const { callCounts } = bed.stores
      const kept = [count('a', -60_000), count('b'), count('c', 3_599_000)]
      const old = [count('d', 3_601_000), count('e', -3_601_000)]
      bed.clock.advance('3h')
      await callCounts.save(
        [...kept, ...old].map((one) => ({ ...one, countedAt: addMs(one.countedAt, 3 * 3_600_000) })),
      )
      expect((await load()).map(({ caller }) => caller)).toEqual(['a', 'b', 'c'])
      const now = bed.clock.now()
      await callCounts.removeOutside({ from: addMs(now, -3_600_000), to: addMs(now, 3_600_000) })
      const rows = await bed.rows('call_count', tenant)
      expect(rows.map(({ caller }) => caller).toSorted()).toEqual(['a', 'b', 'c'])
    })
  })
}
