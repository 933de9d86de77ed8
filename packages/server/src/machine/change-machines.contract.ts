import { type DeviceGroupId, type MachineId, parseFilter, UNGROUPED } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, inventory, machineId, newDeviceGroup, rule } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES, type Reach } from '../principal/index.ts'
import { sqlStores, type TenantStores } from '../stores.ts'
import type { MachineChange } from './machine-change.ts'

const LAB = 1 as DeviceGroupId
const add = (tag: string): MachineChange => ({ tags: { kind: 'add', tag } })
const remove = (tag: string): MachineChange => ({ tags: { kind: 'remove', tag } })

export function describeMachineChanges(kind: string, open: OpenBackend): void {
  describe(`changes of machines on ${kind}`, () => {
    const bed = useTestbed(open)

    const change = (
      { machines }: TenantStores,
      ids: readonly number[],
      change: MachineChange,
      reach: Reach = ALL_MACHINES,
    ) =>
      machines.change({
        machines: ids.map((n) => ({ id: machineId(n), auditId: auditEntry().id })),
        reach,
        change,
        by: { kind: 'application', id: 'app', name: 'Playbooks' },
        operation: 'machine.tag',
      })
    const tagsOf = async ({ machines }: TenantStores, n: number) => (await machines.find(machineId(n)))?.tags
    const audited = async (tenant: Parameters<typeof bed.rows>[1]) =>
      (await bed.rows('audit_entry', tenant))
        .filter(({ operation }) => operation === 'machine.tag')
        .toSorted((a, b) => Number(a.at) - Number(b.at) || String(a.target).localeCompare(String(b.target)))
        .map(({ target, detail }) => ({ target, ...JSON.parse(String(detail)) }))

    it('add and remove a tag, the same one in any case, and audit what is other than before', async () => {
      const { tenant, ours } = await bed.twoTenants()
      expect(await change(ours, [2, 1], add('Lab'))).toMatchObject({
        kind: 'changed',
        machines: [
          { id: machineId(2), tags: ['Lab'] },
          { id: machineId(1), tags: ['Lab'] },
        ],
      })
      await change(ours, [1], add('LAB'))
      await change(ours, [1], add('x'))
      expect(await tagsOf(ours, 1)).toEqual(['Lab', 'x'])
      await change(ours, [1, 3], remove('lab'))
      expect(await tagsOf(ours, 1)).toEqual(['x'])
      expect(await audited(tenant)).toEqual([
        { target: machineId(1), computerDnsName: 'Lab-1.example', tagsAdded: ['Lab'] },
        { target: machineId(2), computerDnsName: 'Lab-2.example', tagsAdded: ['Lab'] },
        { target: machineId(1), computerDnsName: 'Lab-1.example', tagsAdded: ['x'] },
        { target: machineId(1), computerDnsName: 'Lab-1.example', tagsRemoved: ['Lab'] },
      ])
    })

    it('set the value, which can be looked for, and all tags at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await change(ours, [1], add('old'))
      const outcome = await change(ours, [1], {
        deviceValue: 'High',
        tags: { kind: 'set', tags: ['b', 'a'] },
      })
      expect(outcome).toMatchObject({ machines: [{ deviceValue: 'High', tags: ['b', 'a'] }] })
      const count = (filter: string) =>
        ours.machines.count(parseFilter(filter), ALL_MACHINES, bed.clock.now())
      expect(await count("deviceValue eq 'high'")).toBe(1)
      expect(await count("deviceValue in ('Normal','Low')")).toBe(5)
      expect((await audited(tenant)).at(-1)).toEqual({
        target: machineId(1),
        computerDnsName: 'Lab-1.example',
        tagsAdded: ['b', 'a'],
        tagsRemoved: ['old'],
        deviceValueBefore: 'Normal',
        deviceValue: 'High',
      })
    })

    it('outlast what the machine says of itself', async () => {
      const { ours } = await bed.twoTenants()
      await change(ours, [1], { ...add('lab'), deviceValue: 'Low' })
      await ours.machines.recordInventory(machineId(1), { ...inventory(1), computerDnsName: 'other' }, null)
      expect(await ours.machines.find(machineId(1))).toMatchObject({ tags: ['lab'], deviceValue: 'Low' })
    })

    it('are made of all machines or of none', async () => {
      const { tenant, ours } = await bed.twoTenants()
      expect(await change(ours, [1, 99, 2], add('lab'))).toEqual({ kind: 'unknown', id: machineId(99) })
      const full = Array.from({ length: 100 }, (_, n) => `tag ${n}`)
      await change(ours, [2], { tags: { kind: 'set', tags: full } })
      expect(await change(ours, [1, 2], add('lab'))).toEqual({ kind: 'tooManyTags', id: machineId(2) })
      expect(await change(ours, [2], add('TAG 7'))).toMatchObject({ kind: 'changed' })
      expect(await tagsOf(ours, 1)).toEqual([])
      expect(await audited(tenant)).toHaveLength(1)
    })

    it('move machines to the device groups of their tags, for good and within reach only', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.deviceGroups.create(newDeviceGroup('Lab', rule('tag', 'equals', 'lab')), auditEntry())
      const [ungrouped, lab]: Reach[] = [
        { kind: 'deviceGroups', ids: [UNGROUPED] },
        { kind: 'deviceGroups', ids: [LAB] },
      ] as const
      // It leaves the caller's reach by this, and is shown once more.
      expect(await change(ours, [1, 2], add('LAB'), ungrouped)).toMatchObject({
        kind: 'changed',
        machines: [{ deviceGroup: LAB, deviceGroupName: 'Lab' }, { deviceGroup: LAB }],
      })
      expect(await change(ours, [3, 1], add('x'), ungrouped)).toEqual({ kind: 'unknown', id: machineId(1) })
      expect(await tagsOf(ours, 3)).toEqual([])
      expect(await change(ours, [1], remove('lab'), lab)).toMatchObject({
        machines: [{ deviceGroup: UNGROUPED, deviceGroupName: null }],
      })
      expect(await audited(tenant)).toMatchObject([
        { rbacGroupIdBefore: 0, rbacGroupId: 1 },
        { rbacGroupIdBefore: 0, rbacGroupId: 1 },
        { rbacGroupIdBefore: 1, rbacGroupId: 0, tagsRemoved: ['LAB'] },
      ])
    })

    it('lose no tag when two servers tag the same machines at once, in either order', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const other = await bed.openNode()
      try {
        const theirs = sqlStores(other, () => auditEntry().id).forTenant(tenant)
        const tags = Array.from({ length: 20 }, (_, n) => `tag ${String(n).padStart(2, '0')}`)
        await Promise.all(
          tags.map((tag, n) =>
            change(n % 2 === 0 ? ours : theirs, n % 3 === 0 ? [1, 2, 3] : [3, 2, 1], add(tag)),
          ),
        )
        for (const n of [1, 2, 3]) expect((await tagsOf(ours, n))?.toSorted()).toEqual(tags)
      } finally {
        await other[Symbol.asyncDispose]()
      }
    })

    it('are looked for by tag in any case, whole or by its beginning', async () => {
      const { ours } = await bed.twoTenants()
      await change(ours, [1], { tags: { kind: 'set', tags: ['Lab', 'x'] } })
      await change(ours, [2], add('labour'))
      await change(ours, [3], add('100%_a'))
      const tagged = async (tag: string, startsWith = false): Promise<MachineId[]> => {
        const query = { orderBy: [{ field: 'id', direction: 'asc' }], skip: 0, pageSize: 9 } as const
        const selection = { kind: 'tag', tag, startsWith } as const
        const { rows } = await ours.machines.list(query, ALL_MACHINES, bed.clock.now(), selection)
        expect(await ours.machines.count(undefined, ALL_MACHINES, bed.clock.now(), selection)).toBe(
          rows.length,
        )
        return rows.map(({ id }) => id)
      }
      expect(await tagged('LAB')).toEqual([machineId(1)])
      expect(await tagged('laB', true)).toEqual([machineId(1), machineId(2)])
      expect(await tagged('ab', true)).toEqual([])
      expect(await tagged('100%', true)).toEqual([machineId(3)])
      expect(await tagged('100_')).toEqual([])
    })
  })
}
