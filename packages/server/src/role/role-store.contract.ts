import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import {
  auditEntry,
  newRole,
  newUser,
  newUserGroup,
  roleId,
  userGroupId,
} from '../../tests/stores/builders.ts'
import { dumpTenant, useTestbed } from '../../tests/stores/testbed.ts'
import { sqlStores } from '../stores.ts'

const BUILT_INS = { administratorRole: roleId(0xa1), administrators: userGroupId(0xa2) }

export function describeRoleStore(kind: string, open: OpenBackend): void {
  describe(`roles on ${kind}`, () => {
    const bed = useTestbed(open)

    it('come back as they were made, and are listed newest first', async () => {
      const { ours, theirs } = await bed.twoTenants()
      for (const n of [1, 2]) await ours.userGroups.create(newUserGroup(n), auditEntry())
      const given = { permissions: ['ViewData', 'Fleet.Admin', 'ViewData'] as const, description: 'Read' }
      const role = { ...newRole(8, [2, 1, 2]), ...given, permissions: [...given.permissions] }
      expect(await ours.roles.create(role, auditEntry())).toBe('created')
      expect(await ours.roles.create(newRole(9), auditEntry())).toBe('created')
      expect(await ours.roles.find(roleId(8))).toMatchObject({
        displayName: 'Role 8',
        description: 'Read',
        isAdministrator: false,
        permissions: ['Fleet.Admin', 'ViewData'],
        userGroups: [userGroupId(1), userGroupId(2)],
      })
      const [newest] = await ours.roles.list({ limit: 1 })
      expect(newest?.id).toBe(roleId(9))
      const after = newest && { at: newest.createdAt, id: newest.id }
      expect(await ours.roles.list({ after, limit: 9 })).toEqual([await ours.roles.find(roleId(8))])
      expect(await theirs.roles.find(roleId(8))).toBeUndefined()
    })

    it('change in what is named, and keep the rest', async () => {
      const { ours } = await bed.twoTenants()
      for (const n of [1, 2]) await ours.userGroups.create(newUserGroup(n), auditEntry())
      await ours.roles.create(newRole(1, [1]), auditEntry())
      const change = (given: Parameters<typeof ours.roles.change>[1]) =>
        ours.roles.change(roleId(1), given, auditEntry())
      expect(await change({ permissions: ['LiveResponseBasic'] })).toBe('changed')
      expect(await change({ userGroups: [userGroupId(2)] })).toBe('changed')
      expect(await change({ displayName: 'Renamed', description: 'New' })).toBe('changed')
      expect(await ours.roles.find(roleId(1))).toMatchObject({
        displayName: 'Renamed',
        description: 'New',
        permissions: ['LiveResponseBasic'],
        userGroups: [userGroupId(2)],
      })
      expect(await change({ permissions: [], userGroups: [] })).toBe('changed')
      expect(await ours.roles.find(roleId(1))).toMatchObject({ permissions: [], userGroups: [] })
    })

    it('are refused, whole, with a name that is taken or a user group that is not there', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.roles.create(newRole(1), auditEntry())
      await ours.roles.create(newRole(2), auditEntry())
      const before = await dumpTenant(bed.db, tenant)
      const { create, change } = ours.roles
      expect(await create(newRole(3, [], { displayName: 'ROLE 1' }), auditEntry())).toBe('nameTaken')
      expect(await create(newRole(3, [5]), auditEntry())).toBe('userGroupUnknown')
      expect(await change(roleId(2), { displayName: 'role 1', permissions: [] }, auditEntry())).toBe(
        'nameTaken',
      )
      const unknownGroup = { userGroups: [userGroupId(5)], description: 'x' }
      expect(await change(roleId(2), unknownGroup, auditEntry())).toBe('userGroupUnknown')
      expect(await change(roleId(9), { description: 'x' }, auditEntry())).toBe('unknown')
      expect(await ours.roles.delete(roleId(9), auditEntry())).toBe('unknown')
      expect(await dumpTenant(bed.db, tenant)).toEqual(before)
    })

    it('are gone with what they gave when they are deleted', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.roles.create(newRole(1, [1]), auditEntry())
      expect(await ours.roles.delete(roleId(1), auditEntry())).toBe('deleted')
      for (const table of ['access_role', 'role_permission', 'role_assignment']) {
        expect(await bed.rows(table, tenant)).toEqual([])
      }
      expect((await ours.users.accessOf([userGroupId(1)])).rolePermissions).toEqual([])
    })

    describe('the built-in one', () => {
      it('is made once with a user group of its own, whoever asks', async () => {
        const { tenant, ours } = await bed.twoTenants()
        const second = await bed.openNode()
        const others = sqlStores(second, () => 'unused').forTenant(tenant)
        const elsewhere = { administratorRole: roleId(0xb1), administrators: userGroupId(0xb2) }
        const [one, two] = await Promise.all([
          ours.roles.ensureBuiltIns(BUILT_INS, auditEntry()),
          others.roles.ensureBuiltIns(elsewhere, auditEntry()),
        ])
        await second[Symbol.asyncDispose]()
        expect(two).toEqual(one)
        expect(await ours.roles.find(one.administratorRole)).toMatchObject({
          displayName: 'Administrator',
          isAdministrator: true,
          userGroups: [one.administrators],
        })
        expect(await ours.userGroups.find(one.administrators)).toMatchObject({
          displayName: 'Administrators',
        })
      })

      it('changes in its user groups alone, and stays', async () => {
        const { tenant, ours } = await bed.twoTenants()
        await ours.roles.ensureBuiltIns(BUILT_INS, auditEntry())
        const before = await dumpTenant(bed.db, tenant)
        const { administratorRole: id } = BUILT_INS
        for (const change of [{ displayName: 'x' }, { description: 'x' }, { permissions: [] }]) {
          expect(await ours.roles.change(id, change, auditEntry())).toBe('builtIn')
        }
        expect(await ours.roles.delete(id, auditEntry())).toBe('builtIn')
        expect(await dumpTenant(bed.db, tenant)).toEqual(before)
        await ours.userGroups.create(newUserGroup(2), auditEntry())
        expect(await ours.roles.change(id, { userGroups: [userGroupId(2)] }, auditEntry())).toBe('changed')
        expect((await ours.roles.ensureBuiltIns(BUILT_INS, auditEntry())).administrators).toBe(userGroupId(2))
      })

      it('stays with somebody who may sign in', async () => {
        const { ours } = await bed.twoTenants()
        await ours.roles.ensureBuiltIns(BUILT_INS, auditEntry())
        await ours.userGroups.create(newUserGroup(2), auditEntry())
        await ours.users.create({ ...newUser(1), groups: [BUILT_INS.administrators] }, auditEntry())
        const assign = (...userGroups: (typeof BUILT_INS.administrators)[]) =>
          ours.roles.change(BUILT_INS.administratorRole, { userGroups }, auditEntry())
        expect(await assign(userGroupId(2))).toBe('lastAdministrator')
        expect(await assign()).toBe('lastAdministrator')
        expect(await assign(userGroupId(2), BUILT_INS.administrators)).toBe('changed')
      })

      it('takes over neither role nor user group that somebody else called so', async () => {
        const { ours } = await bed.twoTenants()
        await ours.userGroups.create(newUserGroup(1, { displayName: 'ADMINISTRATORS' }), auditEntry())
        await ours.roles.create(newRole(1, [1], { displayName: 'Administrator' }), auditEntry())
        const { administratorRole, administrators } = await ours.roles.ensureBuiltIns(BUILT_INS, auditEntry())
        expect((await ours.roles.find(administratorRole))?.displayName).toBe('Administrator 2')
        expect((await ours.userGroups.find(administrators))?.displayName).toBe('Administrators 2')
      })
    })
  })
}
