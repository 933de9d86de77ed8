import { msBetween } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'

const ada = { hash: 'ada', free: 2 }
const address = { hash: 'address', free: 4 }

export function describeThrottleStore(kind: string, open: OpenBackend): void {
  describe(`failures to sign in on ${kind}`, () => {
    const bed = useTestbed(open)

    it('make the next attempt wait, longer each time', async () => {
      const { ours, theirs } = await bed.twoTenants()
      const waits: number[] = []
      for (let attempt = 1; attempt <= 6; attempt += 1) {
        expect(await ours.throttles.attempt([ada])).toBeNull()
        const blockedUntil = await ours.throttles.attempt([{ ...ada, free: 1_000 }])
        if (blockedUntil === null) await ours.throttles.succeed({ cleared: [], eased: [ada] })
        const waitMs = blockedUntil === null ? 0 : msBetween(bed.clock.now(), blockedUntil)
        waits.push(waitMs)
        bed.clock.advance(waitMs)
      }
      expect(waits).toEqual([0, 0, 5_000, 10_000, 20_000, 40_000])
      expect(await theirs.throttles.attempt([ada])).toBeNull()
      await theirs.throttles.succeed({ cleared: [ada.hash], eased: [] })
    })

    it('count each of many at once, and nothing while somebody has to wait', async () => {
      const { ours } = await bed.twoTenants()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => ours.throttles.attempt([ada, address])),
      )
      expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(3)
    })

    it('are cleared by success for the account, and eased for the address', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.throttles.attempt([ada, address])
      await ours.throttles.attempt([ada, address])
      await ours.throttles.succeed({ cleared: [ada.hash], eased: [address] })
      const rows = await bed.rows('sign_in_throttle', tenant)
      expect(rows.map(({ subject_hash, failures }) => ({ subject_hash, failures }))).toEqual([
        { subject_hash: 'address', failures: 1 },
      ])
    })

    it('are forgotten after a day', async () => {
      const { tenant, ours } = await bed.twoTenants()
      for (let attempt = 1; attempt <= 3; attempt += 1) await ours.throttles.attempt([ada])
      expect(await ours.throttles.attempt([ada])).not.toBeNull()
      bed.clock.advance('25h')
      for (let attempt = 1; attempt <= 2; attempt += 1) expect(await ours.throttles.attempt([ada])).toBeNull()
      bed.clock.advance('25h')
      await bed.stores.staleThrottles.forget(bed.clock.now(), 1_000)
      expect(await bed.rows('sign_in_throttle', tenant)).toEqual([])
    })
  })
}
