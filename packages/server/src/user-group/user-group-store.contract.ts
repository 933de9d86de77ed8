import type { TenantId } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  auditEntry,
  newDeviceGroup,
  newRole,
  newUser,
  newUserGroup,
  roleId,
  rule,
  userGroupId,
  userId,
} from '../../tests/stores/builders.ts'
import { dumpTenant, useTestbed } from '../../tests/stores/testbed.ts'

export function describeUserGroupStore(kind: string, open: OpenBackend): void {
  describe(`user groups on ${kind}`, () => {
    const bed = useTestbed(open)

    /** What a refusal leaves as it was. */
    const rowsOf = (tenant: TenantId) => dumpTenant(bed.db, tenant)

    it('come back as they were made, and are listed newest first', async () => {
      const { ours, theirs } = await bed.twoTenants()
      const given = { description: 'On call', externalId: 'entra-1' }
      expect(await ours.userGroups.create(newUserGroup(8, given), auditEntry())).toBe('created')
      expect(await ours.userGroups.create(newUserGroup(9), auditEntry())).toBe('created')
      expect(await ours.userGroups.find(userGroupId(8))).toMatchObject({ displayName: 'Group 8', ...given })
      const [newest] = await ours.userGroups.list({ limit: 1 })
      expect(newest?.id).toBe(userGroupId(9))
      const after = newest && { at: newest.createdAt, id: newest.id }
      expect((await ours.userGroups.list({ after, limit: 9 })).map(({ id }) => id)).toEqual([userGroupId(8)])
      expect(await theirs.userGroups.find(userGroupId(8))).toBeUndefined()
    })

    it('share neither name, in whatever case, nor the group that they stand for', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1, { externalId: 'entra-1' }), auditEntry())
      await ours.userGroups.create(newUserGroup(2), auditEntry())
      const before = await rowsOf(tenant)
      const { create, change } = ours.userGroups
      expect(await create(newUserGroup(3, { displayName: 'GROUP 1' }), auditEntry())).toBe('nameTaken')
      expect(await create(newUserGroup(3, { externalId: 'entra-1' }), auditEntry())).toBe('externalIdTaken')
      expect(await change(userGroupId(2), { displayName: 'group 1' }, auditEntry())).toBe('nameTaken')
      expect(await change(userGroupId(2), { externalId: 'entra-1' }, auditEntry())).toBe('externalIdTaken')
      expect(await rowsOf(tenant)).toEqual(before)
      const own = { displayName: 'GROUP 1', externalId: 'entra-1' }
      expect(await change(userGroupId(1), own, auditEntry())).toBe('changed')
      expect(await change(userGroupId(1), { externalId: null }, auditEntry())).toBe('changed')
      expect(await change(userGroupId(2), { externalId: 'entra-1' }, auditEntry())).toBe('changed')
      expect(await change(userGroupId(9), { description: 'x' }, auditEntry())).toBe('unknown')
    })

    it('take people in and let them go, each once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.users.create(newUser(1), auditEntry())
      const add = (group: number, user: number) =>
        ours.userGroups.addMember(userGroupId(group), userId(user), auditEntry({ operation: 'add' }))
      const remove = (group: number, user: number) =>
        ours.userGroups.removeMember(userGroupId(group), userId(user), auditEntry())
      expect(await add(1, 1)).toBe('added')
      expect(await add(1, 1)).toBe('added')
      expect(await ours.users.groupsOf(userId(1))).toEqual([userGroupId(1)])
      expect(await add(2, 1)).toBe('unknown')
      expect(await add(1, 2)).toBe('unknown')
      const entries = await bed.rows('audit_entry', tenant)
      expect(entries.filter(({ operation }) => operation === 'add')).toHaveLength(1)
      expect(await remove(1, 1)).toBe('removed')
      expect(await remove(1, 1)).toBe('unknown')
      expect(await ours.users.groupsOf(userId(1))).toEqual([])
    })

    it('are gone from roles, device groups and people, too, when they are deleted', async () => {
      const { tenant, ours } = await bed.twoTenants()
      for (const n of [1, 2]) await ours.userGroups.create(newUserGroup(n), auditEntry())
      await ours.users.create(newUser(1, [1]), auditEntry())
      await ours.roles.create(newRole(1, [1, 2]), auditEntry())
      const given = { userGroups: [userGroupId(1), userGroupId(2)] }
      await ours.deviceGroups.create(newDeviceGroup('Lab', rule('tag', 'equals', 'lab'), given), auditEntry())
      expect(await ours.userGroups.delete(userGroupId(1), auditEntry())).toBe('deleted')
      const tables = ['user_group', 'user_group_member', 'role_assignment', 'device_group_access']
      const left = await Promise.all(tables.map((table) => bed.rows(table, tenant)))
      expect(left.map((rows) => rows.length)).toEqual([1, 0, 1, 1])
      expect(await ours.userGroups.delete(userGroupId(1), auditEntry())).toBe('unknown')
    })

    it('stay while a device group would be open to everybody without them', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.roles.create(newRole(1, [1]), auditEntry())
      const given = { userGroups: [userGroupId(1)] }
      await ours.deviceGroups.create(newDeviceGroup('Lab', rule('tag', 'equals', 'lab'), given), auditEntry())
      const before = await rowsOf(tenant)
      expect(await ours.userGroups.delete(userGroupId(1), auditEntry())).toEqual({ namedAlone: ['Lab'] })
      expect(await rowsOf(tenant)).toEqual(before)
    })

    it('keep an administrator who may sign in', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const wanted = { administratorRole: roleId(1), administrators: userGroupId(1) }
      await ours.roles.ensureBuiltIns(wanted, auditEntry())
      await ours.users.create(newUser(1, [1]), auditEntry())
      await ours.users.create(newUser(2), auditEntry())
      const before = await rowsOf(tenant)
      const { userGroups } = ours
      expect(await userGroups.removeMember(userGroupId(1), userId(1), auditEntry())).toBe('lastAdministrator')
      expect(await userGroups.delete(userGroupId(1), auditEntry())).toBe('lastAdministrator')
      expect(await rowsOf(tenant)).toEqual(before)
      await userGroups.addMember(userGroupId(1), userId(2), auditEntry())
      expect(await userGroups.removeMember(userGroupId(1), userId(1), auditEntry())).toBe('removed')
    })
  })
}
