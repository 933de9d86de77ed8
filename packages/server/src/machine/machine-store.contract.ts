import { addMs, parseFilter } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, inventory, machineId } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES, type Reach } from '../principal/index.ts'

export function describeMachineStore(kind: string, open: OpenBackend): void {
  describe(`machines on ${kind}`, () => {
    const bed = useTestbed(open)

    it('are found by id, and by name in any case', async () => {
      const { ours } = await bed.twoTenants()
      await ours.machines.recordInventory(machineId(2), inventory(1), null)
      expect((await ours.machines.find(machineId(1)))?.computerDnsName).toBe('Lab-1.example')
      const named = async (name: string, reach: Reach, limit = 9) =>
        (await ours.machines.listByName(name, reach, limit)).map(({ id }) => id)
      expect(await named('LAB-1.EXAMPLE', ALL_MACHINES)).toEqual([machineId(2), machineId(1)])
      expect(await named('LAB-1.EXAMPLE', ALL_MACHINES, 1)).toEqual([machineId(2)])
      expect(await named('LAB-1.EXAMPLE', { kind: 'deviceGroups', ids: [] })).toEqual([])
      expect(await ours.machines.find(machineId(99))).toBeUndefined()
      expect(await named('lab-2.example', ALL_MACHINES)).toEqual([])
    })

    it('take what they say of themselves, whole, and nothing that decides who they are', async () => {
      const { ours } = await bed.twoTenants()
      const before = await ours.machines.find(machineId(1))
      bed.clock.advance(1_000)
      await ours.machines.recordInventory(
        machineId(1),
        {
          ...inventory(1),
          computerDnsName: 'Ünï-😀.example',
          osVersion: null,
          osBuild: 22_631,
          ipAddresses: [
            {
              ipAddress: '127.0.0.1',
              macAddress: null,
              type: 'SoftwareLoopback',
              operationalStatus: 'Up',
            },
            { ipAddress: '192.0.2.10', macAddress: null, type: 'Ethernet', operationalStatus: 'Up' },
          ],
        },
        '203.0.113.9',
      )
      const after = await ours.machines.find(machineId(1))
      expect(after).toMatchObject({
        computerDnsName: 'Ünï-😀.example',
        osVersion: null,
        osBuild: 22_631,
        lastIpAddress: '192.0.2.10',
        lastExternalIpAddress: '203.0.113.9',
        publicKey: before?.publicKey,
        firstSeen: before?.firstSeen,
        tags: before?.tags,
      })
      expect(after?.lastSeen).toBeGreaterThan(before?.lastSeen ?? Number.POSITIVE_INFINITY)
    })

    it('were last seen at the latest moment that anybody noted', async () => {
      const { ours } = await bed.twoTenants()
      const now = addMs(bed.clock.now(), 60_000)
      await ours.machines.recordSeen([
        { id: machineId(1), at: now },
        { id: machineId(2), at: now },
        { id: machineId(99), at: now },
      ])
      await ours.machines.recordSeen([
        { id: machineId(1), at: addMs(now, -30_000) },
        { id: machineId(2), at: addMs(now, 30_000) },
      ])
      expect((await ours.machines.find(machineId(1)))?.lastSeen).toBe(now)
      expect((await ours.machines.find(machineId(2)))?.lastSeen).toBe(addMs(now, 30_000))
    })

    it('are held back from orders once, with one audit entry', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const audit = auditEntry({ operation: 'machine.holdOrders', target: machineId(1) })
      await ours.machines.holdOrders(machineId(1), 'key in use twice', audit)
      await ours.machines.holdOrders(machineId(1), 'again', auditEntry({ operation: 'machine.holdOrders' }))
      await ours.machines.holdOrders(machineId(99), 'nobody', auditEntry({ operation: 'machine.holdOrders' }))
      expect(await ours.machines.find(machineId(1))).toMatchObject({
        ordersHeldBecause: 'key in use twice',
        isPotentialDuplication: true,
      })
      const entries = await bed.rows('audit_entry', tenant)
      expect(entries.filter(({ operation }) => operation === 'machine.holdOrders')).toMatchObject([
        { id: audit.id },
      ])
    })

    it('are listed for this tenant alone, the one heard of last first', async () => {
      const { ours } = await bed.twoTenants()
      bed.clock.advance(1_000)
      await ours.machines.recordSeen([{ id: machineId(4), at: bed.clock.now() }])
      const now = bed.clock.now()
      const { rows, next } = await ours.machines.list(
        { orderBy: [], skip: 0, pageSize: 10 },
        ALL_MACHINES,
        now,
      )
      expect(rows).toHaveLength(6)
      expect(rows[0]).toEqual(await ours.machines.find(machineId(4)))
      expect(next).toBeNull()
      const filter = parseFilter("startswith(computerDnsName,'lab-') and healthStatus eq 'Active'")
      expect(await ours.machines.count(filter, ALL_MACHINES, now)).toBe(6)
      expect(await ours.machines.count(filter, ALL_MACHINES, addMs(now, 8 * 86_400_000))).toBe(0)
    })
  })
}
