import { addMs, type Instant, type Inventory } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, enrollment, inventory, machineId, newToken } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { sqlStores, type TenantStores } from '../stores.ts'

const MINUTE_MS = 60_000
const [HOME, OFFICE] = ['192.0.2.10', '198.51.100.20']

/** What machine 1 says of itself when it has these addresses. */
function at(...addresses: (string | Partial<Inventory['ipAddresses'][number]>)[]): Inventory {
  const usual = { ipAddress: '', macAddress: null, type: 'Ethernet', operationalStatus: 'Up' }
  const ipAddresses = addresses.map((one) => ({
    ...usual,
    ...(typeof one === 'string' ? { ipAddress: one } : one),
  }))
  return { ...inventory(1), ipAddresses }
}

export function describeMachineAddresses(kind: string, open: OpenBackend): void {
  describe(`addresses of machines on ${kind}`, () => {
    const bed = useTestbed(open)

    const after = (minutes: number): Instant => {
      bed.clock.advance(minutes * MINUTE_MS)
      return bed.clock.now()
    }
    const had = async ({ machines }: TenantStores, ip: string, moment: Instant) => {
      const address = { ip, from: addMs(moment, -15 * MINUTE_MS), to: addMs(moment, 15 * MINUTE_MS) }
      const query = { orderBy: [], skip: 0, pageSize: 100 }
      const { rows } = await machines.list(query, ALL_MACHINES, moment, { kind: 'address', address })
      return rows.map(({ id }) => id)
    }
    const tell = ({ machines }: TenantStores, inventory: Inventory, id = machineId(1)) =>
      machines.recordInventory(id, inventory, null)
    const spans = async (tenant: Parameters<typeof bed.rows>[1]) =>
      (await bed.rows('machine_address', tenant)).length

    it('are its own for as long as it is heard of, and for a quarter of an hour to either side', async () => {
      const { ours } = await bed.twoTenants()
      after(60)
      await tell(ours, at(HOME))
      const from = bed.clock.now()
      const to = after(120)
      await ours.machines.recordSeen([{ id: machineId(1), at: to }])
      for (const [moment, isHad] of [
        [addMs(from, -16 * MINUTE_MS), false],
        [addMs(from, -14 * MINUTE_MS), true],
        [addMs(from, 60 * MINUTE_MS), true],
        [addMs(to, 14 * MINUTE_MS), true],
        [addMs(to, 16 * MINUTE_MS), false],
      ] as const) {
        expect(await had(ours, HOME, moment)).toEqual(isHad ? [machineId(1)] : [])
      }
      expect(await had(ours, OFFICE, from)).toEqual([])
    })

    it('end when it tells others, and begin again when it comes back to them', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await tell(ours, at(HOME))
      const left = after(60)
      await ours.machines.recordSeen([{ id: machineId(1), at: left }])
      await tell(ours, at(OFFICE))
      after(60)
      await ours.machines.recordSeen([{ id: machineId(1), at: bed.clock.now() }])
      await tell(ours, at(HOME, OFFICE))
      const back = bed.clock.now()
      expect(await had(ours, HOME, addMs(left, 30 * MINUTE_MS))).toEqual([])
      expect(await had(ours, OFFICE, addMs(left, 30 * MINUTE_MS))).toEqual([machineId(1)])
      expect(await had(ours, HOME, back)).toEqual([machineId(1)])
      expect(await spans(tenant)).toBe(3)
    })

    it('are nobody’s while it is away, whether it comes back with them or not', async () => {
      const { ours } = await bed.twoTenants()
      await tell(ours, at(HOME))
      const gone = bed.clock.now()
      const back = after(600)
      await ours.machines.recordSeen([{ id: machineId(1), at: back, connectedAt: back }])
      expect(await had(ours, HOME, back)).toEqual([])
      await tell(ours, at(HOME))
      expect(await had(ours, HOME, addMs(gone, 300 * MINUTE_MS))).toEqual([])
      expect(await had(ours, HOME, gone)).toEqual([machineId(1)])
      expect(await had(ours, HOME, back)).toEqual([machineId(1)])
      // Also when the inventory is written before the connection.
      const last = bed.clock.now()
      after(600)
      await tell(ours, at(HOME))
      expect(await had(ours, HOME, addMs(last, 300 * MINUTE_MS))).toEqual([])
    })

    it('end with an older connection, to the minute, when a newer one tells others', async () => {
      const { ours } = await bed.twoTenants()
      await tell(ours, at(HOME))
      const left = bed.clock.now()
      const connectedAt = after(20)
      await ours.machines.recordSeen([{ id: machineId(1), at: connectedAt, connectedAt }])
      await tell(ours, at(OFFICE))
      expect(await had(ours, HOME, addMs(left, 16 * MINUTE_MS))).toEqual([])
      expect(await had(ours, OFFICE, addMs(left, 16 * MINUTE_MS))).toEqual([machineId(1)])
    })

    it('are kept in one row while it connects again and again', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await tell(ours, at(HOME))
      for (let times = 0; times < 5; times += 1) {
        const connectedAt = after(10)
        await ours.machines.recordSeen([{ id: machineId(1), at: connectedAt, connectedAt }])
        await tell(ours, at(HOME))
      }
      // Written after the inventory: the connection that told it ends nothing.
      await ours.machines.recordSeen([
        { id: machineId(1), at: after(1), connectedAt: addMs(after(0), -90_000) },
      ])
      expect(await had(ours, HOME, after(600))).toEqual([])
      await ours.machines.recordSeen([{ id: machineId(1), at: bed.clock.now() }])
      expect(await had(ours, HOME, bed.clock.now())).toEqual([machineId(1)])
      expect(await spans(tenant)).toBe(1)
    })

    it('are one whatever their spelling, and leave out what is no address of this machine alone', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await tell(
        ours,
        at(
          '2001:DB8:0:0::1',
          '2001:db8::1',
          'FE80::A%eth0',
          '::ffff:192.0.2.10',
          '127.0.0.1',
          '::1',
          '0.0.0.0',
          'x',
          {
            ipAddress: '203.0.113.1',
            operationalStatus: 'Down',
          },
          { ipAddress: '203.0.113.2', type: 'SoftwareLoopback' },
        ),
      )
      const kept = await bed.rows('machine_address', tenant)
      expect(kept.map(({ ip }) => ip).sort()).toEqual(['192.0.2.10', '2001:db8::1', 'fe80::a'])
    })

    it('are told at enrollment, too, and go with the machine and not with its key', async () => {
      const { ours } = await bed.twoTenants()
      await ours.enrollment.createToken(newToken(1))
      await ours.enrollment.enroll(enrollment(1, 'key', 10, { inventory: at(HOME) }))
      const first = bed.clock.now()
      after(600)
      await ours.enrollment.createToken(newToken(3))
      await ours.enrollment.enroll(enrollment(3, 'key', 11, { inventory: at(OFFICE) }))
      const second = bed.clock.now()
      after(600)
      await ours.enrollment.createToken(newToken(2, { replaceMachine: machineId(10) }))
      await ours.enrollment.enroll(enrollment(2, 'new-key', 12, { inventory: at(HOME) }))
      expect(await had(ours, HOME, first)).toEqual([machineId(10)])
      expect(await had(ours, HOME, second)).toEqual([])
      expect(await had(ours, OFFICE, second)).toEqual([machineId(10)])
      expect(await had(ours, HOME, bed.clock.now())).toEqual([machineId(10)])
    })

    it('are not noted for a machine that the tenant does not have', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await tell(ours, at(HOME), machineId(99))
      expect(await spans(tenant)).toBe(0)
    })

    it('are forgotten when they ended long ago, a batch at a time', async () => {
      const { ours } = await bed.twoTenants()
      // What other tests left, of all tenants.
      await bed.stores.oldAddresses.forget(bed.clock.now(), 10_000)
      for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3', HOME]) {
        await tell(ours, at(ip))
        await ours.machines.recordSeen([{ id: machineId(1), at: after(60) }])
      }
      const now = bed.clock.now()
      expect(await bed.stores.oldAddresses.forget(addMs(now, -30 * MINUTE_MS), 2)).toBe(2)
      expect(await bed.stores.oldAddresses.forget(addMs(now, -30 * MINUTE_MS), 2)).toBe(1)
      expect(await bed.stores.oldAddresses.forget(addMs(now, 30 * MINUTE_MS), 2)).toBe(0)
      expect(await had(ours, HOME, now)).toEqual([machineId(1)])
      expect(await had(ours, '192.0.2.3', addMs(now, -90 * MINUTE_MS))).toEqual([])
    })

    it('are at most a thousand of one machine, the newest', async () => {
      const { tenant, ours } = await bed.twoTenants()
      for (let told = 0; told < 20; told += 1) {
        const many = Array.from({ length: 64 }, (_, index) => `10.0.${told}.${index}`)
        await tell(ours, at(...many))
        after(1)
      }
      const kept = await bed.rows('machine_address', tenant)
      expect(kept.length).toBeLessThan(1_100)
      expect(await had(ours, '10.0.19.63', bed.clock.now())).toEqual([machineId(1)])
    })

    it('are known after two servers took inventories of a machine at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const other = await bed.openNode()
      try {
        const theirs = sqlStores(other, () => auditEntry().id).forTenant(tenant)
        await Promise.all(
          Array.from({ length: 10 }, (_, index) => {
            const stores = index % 2 === 0 ? ours : theirs
            const connectedAt = bed.clock.now()
            return [
              stores.machines.recordSeen([{ id: machineId(1), at: connectedAt, connectedAt }]),
              tell(stores, at(HOME, OFFICE)),
            ]
          }).flat(),
        )
        await tell(ours, at(HOME, OFFICE))
        expect(await had(ours, HOME, bed.clock.now())).toEqual([machineId(1)])
        expect(await had(ours, OFFICE, bed.clock.now())).toEqual([machineId(1)])
      } finally {
        await other[Symbol.asyncDispose]()
      }
    })
  })
}
