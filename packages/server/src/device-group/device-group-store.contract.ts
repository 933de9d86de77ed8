import {
  type DeviceGroupId,
  type DeviceGroupRules,
  MAX_DEVICE_GROUPS,
  RULE_OPERATORS,
  UNGROUPED,
  UNGROUPED_NAME,
} from '@fleetsweep/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  auditEntry,
  enrollment,
  inventory,
  machineId,
  newDeviceGroup,
  newRole,
  newToken,
  newUserGroup,
  rule,
  userGroupId,
} from '../../tests/stores/builders.ts'
import { groupOf, type RuledMachine } from '../../tests/stores/rules-evaluator.ts'
import { dumpTenant, MACHINES, useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { sqlStores, type TenantStores } from '../stores.ts'

const deviceGroupId = (n: number) => n as DeviceGroupId
const lab = (n: number) => rule('name', 'startsWith', `LAB-${n}.`)

export function describeDeviceGroupStore(kind: string, open: OpenBackend): void {
  describe(`device groups on ${kind}`, () => {
    const bed = useTestbed(open)

    const create = (stores: TenantStores, name: string, rules: DeviceGroupRules, groups: number[] = []) =>
      stores.deviceGroups.create(
        newDeviceGroup(name, rules, { userGroups: groups.map(userGroupId) }),
        auditEntry({ operation: 'deviceGroup.create' }),
      )
    /** The device groups of machines 1 to 6. */
    const groupsOf = (stores: TenantStores) =>
      Promise.all(MACHINES.map(async (n) => (await stores.machines.find(machineId(n)))?.deviceGroup))
    const rename = (stores: TenantStores, n: number, computerDnsName: string) =>
      stores.machines.recordInventory(machineId(n), { ...inventory(n), computerDnsName }, null)

    it('are listed by rank with their machines, the ungrouped ones last', async () => {
      const { ours } = await bed.twoTenants()
      expect(await create(ours, 'Lab 1', lab(1))).toEqual({ kind: 'created', id: 1 })
      expect(await create(ours, 'All labs', rule('name', 'startsWith', 'lab-'))).toMatchObject({ id: 2 })
      expect(await ours.deviceGroups.list()).toEqual([
        expect.objectContaining({ id: 1, displayName: 'Lab 1', rank: 1, rules: lab(1), machineCount: 1 }),
        expect.objectContaining({ id: 2, rank: 2, machineCount: 5, userGroups: [] }),
        {
          id: UNGROUPED,
          displayName: UNGROUPED_NAME,
          description: '',
          rank: null,
          rules: null,
          remediationLevel: 'NoAutomatedResponse',
          userGroups: [],
          machineCount: 0,
        },
      ])
      expect(await ours.deviceGroups.namesOf([UNGROUPED, deviceGroupId(2), deviceGroupId(9)])).toEqual([
        { id: 2, displayName: 'All labs' },
        { id: UNGROUPED, displayName: UNGROUPED_NAME },
      ])
      expect(await ours.deviceGroups.find(deviceGroupId(9))).toBeUndefined()
    })

    it('show on their machines, which can be filtered by them', async () => {
      const { ours } = await bed.twoTenants()
      await create(ours, 'Lab 1', lab(1))
      expect(await ours.machines.find(machineId(1))).toMatchObject({
        deviceGroup: 1,
        deviceGroupName: 'Lab 1',
      })
      expect(await ours.machines.find(machineId(2))).toMatchObject({ deviceGroup: 0, deviceGroupName: null })
      await ours.deviceGroups.change(deviceGroupId(1), { displayName: 'First lab' }, auditEntry())
      const [machine] = await ours.machines.listByName('lab-1.example', ALL_MACHINES, 1)
      expect(machine?.deviceGroupName).toBe('First lab')
    })

    it('move their machines when they are changed, ranked anew and deleted', async () => {
      const { ours } = await bed.twoTenants()
      await create(ours, 'A', lab(1))
      await create(ours, 'B', rule('name', 'endsWith', '.example'))
      expect(await groupsOf(ours)).toEqual([1, 2, 2, 2, 2, 2])
      expect(await ours.deviceGroups.order([2, 1].map(deviceGroupId), auditEntry())).toBe('ordered')
      expect(await groupsOf(ours)).toEqual([2, 2, 2, 2, 2, 2])
      await ours.deviceGroups.change(deviceGroupId(2), { rules: lab(2) }, auditEntry())
      expect(await groupsOf(ours)).toEqual([1, 2, 0, 0, 0, 0])
      expect(await ours.deviceGroups.delete(deviceGroupId(2), auditEntry())).toBe('deleted')
      expect(await groupsOf(ours)).toEqual([1, 0, 0, 0, 0, 0])
      expect(await ours.deviceGroups.list()).toMatchObject([{ id: 1, rank: 1 }, { id: UNGROUPED }])
      expect(await ours.deviceGroups.delete(deviceGroupId(1), auditEntry())).toBe('deleted')
      expect(await groupsOf(ours)).toEqual([0, 0, 0, 0, 0, 0])
      // An id is never given twice.
      expect(await create(ours, 'C', lab(3))).toEqual({ kind: 'created', id: 3 })
    })

    it('take a machine in when it enrolls, comes back, gets another key or another name', async () => {
      const { ours } = await bed.twoTenants()
      await create(ours, 'Tagged', rule('tag', 'equals', 'Berlin'))
      await create(ours, 'New', rule('domain', 'equals', 'new.example'))
      const given = (n: number, name = `lab-${n}.new.example`) => {
        return { inventory: { ...inventory(n), computerDnsName: name } }
      }
      await ours.enrollment.createToken(newToken(1, { maxUses: 9, tags: ['berlin'] }))
      await ours.enrollment.createToken(newToken(2, { replaceMachine: machineId(2) }))
      await ours.enrollment.enroll(enrollment(1, 'new-key', 10))
      await ours.enrollment.enroll(enrollment(1, 'key-1', 11, given(1)))
      await ours.enrollment.enroll(enrollment(2, 'another-key', 12, given(2)))
      await rename(ours, 3, 'lab-3.NEW.example')
      expect((await ours.machines.find(machineId(10)))?.deviceGroup).toBe(1)
      expect(await groupsOf(ours)).toEqual([2, 2, 2, 0, 0, 0])
      await rename(ours, 3, 'lab-3')
      expect(await groupsOf(ours)).toEqual([2, 2, 0, 0, 0, 0])
    })

    it.each([
      ['startsWith', '100%'],
      ['contains', 'a_b'],
      ['endsWith', String.raw`c\d`],
    ] as const)('take what could be a pattern for what it says: %s %s', async (operator, value) => {
      const { ours } = await bed.twoTenants()
      await rename(ours, 1, String.raw`100%-A_B-C\D`)
      await rename(ours, 2, '100x-axb-cxd')
      await create(ours, 'Odd', rule('name', operator, value))
      expect(await groupsOf(ours)).toEqual([1, 0, 0, 0, 0, 0])
    })

    it('are refused, whole, for a name that is taken and user groups that cannot be named', async () => {
      const { tenant, ours } = await bed.twoTenants()
      for (const n of [1, 2]) await ours.userGroups.create(newUserGroup(n), auditEntry())
      await ours.roles.create(newRole(1, [1]), auditEntry())
      await create(ours, 'Lab', lab(1), [1])
      await create(ours, 'Other', lab(2))
      const before = await dumpTenant(bed.db, tenant)
      expect(await create(ours, 'LAB', lab(3))).toBe('nameTaken')
      expect(await create(ours, UNGROUPED_NAME.toUpperCase(), lab(3))).toBe('nameTaken')
      expect(await create(ours, 'New', lab(3), [1, 9])).toBe('userGroupUnknown')
      expect(await create(ours, 'New', lab(3), [1, 2])).toBe('userGroupWithoutRole')
      const change = (n: number, given: Parameters<typeof ours.deviceGroups.change>[1]) =>
        ours.deviceGroups.change(deviceGroupId(n), given, auditEntry())
      expect(await change(2, { displayName: 'lab', rules: lab(4) })).toBe('nameTaken')
      expect(await change(2, { userGroups: [userGroupId(2)], rules: lab(4) })).toBe('userGroupWithoutRole')
      expect(await change(9, { description: 'x' })).toBe('unknown')
      expect(await ours.deviceGroups.delete(deviceGroupId(9), auditEntry())).toBe('unknown')
      expect(await dumpTenant(bed.db, tenant)).toEqual(before)
      expect(await change(1, { displayName: 'LAB' })).toBe('changed')
    })

    it('are ranked all together or not at all', async () => {
      const { tenant, ours } = await bed.twoTenants()
      for (const n of [1, 2, 3]) await create(ours, `Lab ${n}`, lab(n))
      const before = await dumpTenant(bed.db, tenant)
      for (const ids of [[1, 2], [1, 2, 2], [1, 2, 9], [1, 2, 3, 0], [1, 2, 3, 3], []]) {
        expect(await ours.deviceGroups.order(ids.map(deviceGroupId), auditEntry())).toBe('notAll')
      }
      expect(await dumpTenant(bed.db, tenant)).toEqual(before)
    })

    it('let the ungrouped machines change in who reaches them and what may be done, and in nothing else', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.roles.create(newRole(1, [1]), auditEntry())
      await create(ours, 'Lab', lab(1))
      const before = await dumpTenant(bed.db, tenant)
      for (const change of [{ displayName: 'x' }, { description: 'x' }, { rules: lab(1) }]) {
        expect(await ours.deviceGroups.change(UNGROUPED, change, auditEntry())).toBe('ungrouped')
      }
      expect(await ours.deviceGroups.delete(UNGROUPED, auditEntry())).toBe('ungrouped')
      expect(await dumpTenant(bed.db, tenant)).toEqual(before)
      const change = { userGroups: [userGroupId(1)], remediationLevel: 'Full' } as const
      expect(await ours.deviceGroups.change(UNGROUPED, change, auditEntry())).toBe('changed')
      const ungrouped = await ours.deviceGroups.find(UNGROUPED)
      expect(ungrouped).toMatchObject({ ...change, rank: null, rules: null, machineCount: 5 })
      expect((await ours.machines.find(machineId(2)))?.deviceGroupName).toBeNull()
      expect(await ours.deviceGroups.order([deviceGroupId(1)], auditEntry())).toBe('ordered')
      expect(await groupsOf(ours)).toEqual([1, 0, 0, 0, 0, 0])
    })

    it('show which machines rules match before they have them, within reach', async () => {
      const { ours } = await bed.twoTenants()
      await create(ours, 'Lab 1', lab(1))
      const rules = rule('name', 'contains', 'AB-')
      expect(await ours.machines.countMatching(rules, ALL_MACHINES)).toBe(6)
      const shown = await ours.machines.listMatching(rules, ALL_MACHINES, 2)
      expect(shown.map(({ id, deviceGroupName }) => [id, deviceGroupName])).toEqual([
        [machineId(1), 'Lab 1'],
        [machineId(2), null],
      ])
      const reach = { kind: 'deviceGroups', ids: [deviceGroupId(1)] } as const
      expect(await ours.machines.countMatching(rules, reach)).toBe(1)
      expect((await ours.machines.listMatching(rules, reach, 9)).map(({ id }) => id)).toEqual([machineId(1)])
    })

    it(`are at most ${MAX_DEVICE_GROUPS}, the last of which takes machines, too`, async () => {
      const { ours } = await bed.twoTenants()
      const others = Array.from({ length: MAX_DEVICE_GROUPS - 1 }, (_, n) => {
        return create(ours, `${n}`, rule('tag', 'contains', `no such tag ${n}`))
      })
      await Promise.all(others)
      expect(await create(ours, 'Last', lab(6))).toMatchObject({ kind: 'created' })
      expect(await groupsOf(ours)).toEqual([0, 0, 0, 0, 0, MAX_DEVICE_GROUPS])
      expect(await create(ours, 'One more', lab(6))).toBe('tooMany')
    })

    it('end with every machine where the last rules say, whatever comes to two servers at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const second = await bed.openNode()
      const others = sqlStores(second, () => 'unused').forTenant(tenant)
      await create(ours, 'Even', rule('name', 'startsWith', 'even'))
      await create(ours, 'Odd', rule('name', 'startsWith', 'odd'))
      await ours.enrollment.createToken(newToken(1, { maxUses: 1_000 }))
      const groups = [1, 2].map(deviceGroupId)
      for (let round = 0; round < 12; round += 1) {
        const [first = UNGROUPED, last = UNGROUPED] = round % 2 === 0 ? groups : groups.toReversed()
        await Promise.all([
          ...MACHINES.map((n) =>
            rename(n % 2 === 0 ? ours : others, n, `${(n + round) % 2 === 0 ? 'even' : 'odd'}-${round}`),
          ),
          ours.deviceGroups.change(first, { rules: rule('name', 'startsWith', 'even') }, auditEntry()),
          others.deviceGroups.change(last, { rules: rule('name', 'startsWith', 'odd') }, auditEntry()),
          others.enrollment.enroll(enrollment(1, `crowd-${round}`, 100 + round)),
          ours.deviceGroups.order([last, first], auditEntry()),
          // Two servers hear of one machine: whoever comes last has the word about name and group alike.
          rename(ours, 1, `odd-${round}`),
          rename(others, 1, `even-${round}`),
        ])
        const rules = (await ours.deviceGroups.list()).flatMap((group) =>
          group.rules === null ? [] : [{ id: group.id, rules: group.rules }],
        )
        const { rows } = await ours.machines.list(
          { orderBy: [], skip: 0, pageSize: 100 },
          ALL_MACHINES,
          bed.clock.now(),
        )
        for (const machine of rows) expect(machine.deviceGroup).toBe(groupOf(machine, rules))
      }
      await second[Symbol.asyncDispose]()
    })

    it('mean the same in the database as rules mean in words', async () => {
      const { ours } = await bed.twoTenants()
      let made = 1_000
      await fc.assert(
        fc.asyncProperty(fc.array(anyMachine, { maxLength: 4 }), anyGroups, async (machines, rules) => {
          const ranked: { id: DeviceGroupId; rules: DeviceGroupRules }[] = []
          for (const group of rules) {
            const outcome = await create(ours, `Group ${ranked.length}`, group)
            if (typeof outcome === 'string') throw new Error(outcome)
            ranked.push({ id: outcome.id, rules: group })
          }
          // Machines of earlier runs were moved by the groups, these are put where they belong as they come.
          for (const { tags, ...given } of machines) {
            made += 1
            await ours.enrollment.createToken(newToken(made, { tags }))
            const told = { inventory: { ...inventory(made), ...given } }
            await ours.enrollment.enroll(enrollment(made, `key-${made}`, made, told))
          }
          const { rows } = await ours.machines.list(
            { orderBy: [], skip: 0, pageSize: 1_000 },
            ALL_MACHINES,
            bed.clock.now(),
          )
          for (const machine of rows) expect(machine.deviceGroup).toBe(groupOf(machine, ranked))
          for (const [index, group] of rules.entries()) {
            const isAlone = (machine: RuledMachine) => groupOf(machine, ranked.slice(index, index + 1)) !== 0
            expect(await ours.machines.countMatching(group, ALL_MACHINES)).toBe(rows.filter(isAlone).length)
          }
          for (const { id } of ranked) await ours.deviceGroups.delete(id, auditEntry())
        }),
        { numRuns: 40 },
      )
    })
  })
}

// Few characters, so that texts meet; among them what patterns, dots and letters without ASCII make of a comparison.
const anyText = (characters: string) =>
  fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: 4 }).map((text) => text.join(''))
const TEXT = 'abAB.%_\\éÉß-İ😀'
const anyMachine = fc.record({
  computerDnsName: anyText(TEXT),
  osPlatform: anyText('abAB1'),
  tags: fc.array(anyText(TEXT), { maxLength: 3 }),
})
const anyConditions = fc.array(
  fc.record({ operator: fc.constantFrom(...RULE_OPERATORS), value: anyText(TEXT) }),
  { minLength: 1, maxLength: 3 },
)
const anyGroups = fc.array(
  fc
    .record(
      { name: anyConditions, domain: anyConditions, tag: anyConditions, osPlatform: anyConditions },
      { requiredKeys: [] },
    )
    .filter((rules) => Object.keys(rules).length > 0),
  { maxLength: 4 },
)
