import { ROLE_PERMISSIONS, UNGROUPED } from '@fleetsweep/protocol'
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
import { useTestbed } from '../../tests/stores/testbed.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { sqlStores, type TenantStores } from '../stores.ts'

export function describeUserStore(kind: string, open: OpenBackend): void {
  describe(`people on ${kind}`, () => {
    const bed = useTestbed(open)

    /** The administrator's role, assigned to user group 1. */
    const withAdministrators = async ({ roles, userGroups }: TenantStores) => {
      const wanted = { administratorRole: roleId(1), administrators: userGroupId(1) }
      await roles.ensureBuiltIns(wanted, auditEntry())
      await userGroups.create(newUserGroup(2), auditEntry())
    }

    it('are found by id, and by name in any case', async () => {
      const { ours, theirs } = await bed.twoTenants()
      expect(await ours.users.create(newUser(7), auditEntry())).toBe('created')
      const found = await ours.users.find(userId(7))
      expect(found).toMatchObject({
        id: userId(7),
        userPrincipalName: 'Person-7@contoso.example',
        disabledAt: null,
      })
      expect(await ours.users.findByName('PERSON-7@CONTOSO.example')).toEqual(found)
      expect(await ours.users.findByName('person-8@contoso.example')).toBeUndefined()
      expect(await theirs.users.find(userId(7))).toBeUndefined()
    })

    it('share neither id nor name, in whatever case', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.users.create(newUser(1), auditEntry())
      const before = await bed.rows('user_account', tenant)
      const sameName = { ...newUser(2), userPrincipalName: 'person-1@CONTOSO.example' }
      expect(await ours.users.create(sameName, auditEntry())).toBe('exists')
      expect(await ours.users.create({ ...newUser(3), id: userId(1) }, auditEntry())).toBe('exists')
      expect(await bed.rows('user_account', tenant)).toEqual(before)
    })

    it('come into no user group that is not there', async () => {
      const { tenant, ours } = await bed.twoTenants()
      expect(await ours.users.create(newUser(2, [1]), auditEntry())).toBe('userGroupUnknown')
      expect(await bed.rows('user_account', tenant)).toEqual([])
      expect(await bed.rows('user_group_member', tenant)).toEqual([])
    })

    it('are listed newest first, page after page, with their user groups, also those of one group', async () => {
      const { ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.userGroups.create(newUserGroup(2), auditEntry())
      for (const n of [1, 2, 3]) {
        await ours.users.create(newUser(n, n === 2 ? [] : [1, n === 3 ? 2 : 1]), auditEntry())
      }
      const first = await ours.users.list({ limit: 2 })
      expect(first.map(({ id, groups }) => [id, groups])).toEqual([
        [userId(3), [userGroupId(1), userGroupId(2)]],
        [userId(2), []],
      ])
      const last = first.at(-1)
      const after = last && { at: last.createdAt, id: last.id }
      expect((await ours.users.list({ after, limit: 2 })).map(({ id }) => id)).toEqual([userId(1)])
      const members = await ours.users.list({ group: userGroupId(1), limit: 9 })
      expect(members.map(({ id }) => id)).toEqual([userId(3), userId(1)])
    })

    it('are disabled from one moment on, and enabled again, each change audited', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.users.create(newUser(1), auditEntry({ operation: 'user.create' }))
      const change = (given: { disabled?: boolean; displayName?: string }) =>
        ours.users.change(userId(1), given, auditEntry({ operation: 'user.change' }))
      expect(await change({ disabled: true })).toBe('changed')
      const disabledAt = (await ours.users.find(userId(1)))?.disabledAt
      expect(disabledAt).toBeGreaterThan(0)
      expect(await change({ disabled: true, displayName: 'Ada' })).toBe('changed')
      expect(await ours.users.find(userId(1))).toMatchObject({ disabledAt, displayName: 'Ada' })
      expect(await change({ disabled: false })).toBe('changed')
      expect(await ours.users.find(userId(1))).toMatchObject({ disabledAt: null, displayName: 'Ada' })
      expect(await ours.users.change(userId(9), { disabled: true }, auditEntry())).toBe('unknown')
      const entries = await bed.rows('audit_entry', tenant)
      expect(entries.filter(({ operation }) => operation === 'user.change')).toHaveLength(3)
    })

    it('are gone from their user groups, with password, links and sign-ins, when they are deleted', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1), auditEntry())
      await ours.users.create(newUser(1, [1]), auditEntry())
      const link = { user: userId(1), secretHash: 'hash-1', lifeMs: 60_000 }
      await ours.credentials.addLink(link, auditEntry())
      await ours.credentials.useLink({ ...link, passwordHash: 'argon2' }, auditEntry())
      await ours.credentials.addLink({ ...link, secretHash: 'hash-2' }, auditEntry())
      expect(await ours.users.delete(userId(1), auditEntry())).toBe('deleted')
      for (const table of ['user_account', 'user_group_member', 'user_credential', 'password_link']) {
        expect(await bed.rows(table, tenant)).toEqual([])
      }
      expect(await ours.users.delete(userId(1), auditEntry())).toBe('unknown')
    })

    it('always leave an administrator who may sign in', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await withAdministrators(ours)
      await ours.users.create(newUser(1, [1]), auditEntry())
      await ours.users.create(newUser(2, [1]), auditEntry())
      await ours.users.create(newUser(3, [2]), auditEntry())
      expect(await ours.users.change(userId(1), { disabled: true }, auditEntry())).toBe('changed')
      const before = [await bed.rows('user_account', tenant), await bed.rows('audit_entry', tenant)]
      expect(await ours.users.change(userId(2), { disabled: true }, auditEntry())).toBe('lastAdministrator')
      expect(await ours.users.delete(userId(2), auditEntry())).toBe('lastAdministrator')
      expect([await bed.rows('user_account', tenant), await bed.rows('audit_entry', tenant)]).toEqual(before)
      expect(await ours.users.delete(userId(3), auditEntry())).toBe('deleted')
      expect(await ours.users.delete(userId(1), auditEntry())).toBe('deleted')
      expect(await ours.users.change(userId(2), { displayName: 'Last' }, auditEntry())).toBe('changed')
    })

    it('leave one of two administrators when two servers delete both at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await withAdministrators(ours)
      await ours.users.create(newUser(1, [1]), auditEntry())
      await ours.users.create(newUser(2, [1]), auditEntry())
      const second = await bed.openNode()
      const others = sqlStores(second, () => 'unused').forTenant(tenant)
      const outcomes = await Promise.all([
        ours.users.delete(userId(1), auditEntry()),
        others.users.change(userId(2), { disabled: true }, auditEntry()),
      ])
      await second[Symbol.asyncDispose]()
      expect(outcomes.filter((outcome) => outcome === 'lastAdministrator')).toHaveLength(1)
    })

    describe('may', () => {
      it('do nothing and reach nothing without a role', async () => {
        const { ours } = await bed.twoTenants()
        await ours.userGroups.create(newUserGroup(1), auditEntry())
        const nothing = { rolePermissions: [], reach: { kind: 'deviceGroups', ids: [] } }
        expect(await ours.users.accessOf([])).toEqual(nothing)
        expect(await ours.users.accessOf([userGroupId(1)])).toEqual(nothing)
      })

      it('do what any of their roles allows, on the groups that name theirs or nobody', async () => {
        const { ours } = await bed.twoTenants()
        for (const n of [1, 2, 3]) await ours.userGroups.create(newUserGroup(n), auditEntry())
        const scan = { permissions: ['ActiveRemediationActions', 'ViewData'] as const }
        await ours.roles.create(newRole(1, [1, 3]), auditEntry())
        await ours.roles.create(newRole(2, [2], { permissions: [...scan.permissions] }), auditEntry())
        const create = (name: string, groups: number[]) =>
          ours.deviceGroups.create(
            newDeviceGroup(name, rule('name', 'equals', name), { userGroups: groups.map(userGroupId) }),
            auditEntry(),
          )
        await create('one', [1])
        await create('two', [2, 3])
        await create('open', [])
        const reachOf = async (...groups: number[]) => ours.users.accessOf(groups.map(userGroupId))
        expect(await reachOf(1)).toEqual({
          rolePermissions: ['ViewData'],
          reach: { kind: 'deviceGroups', ids: [UNGROUPED, 1, 3] },
        })
        expect(await reachOf(1, 2)).toEqual({
          rolePermissions: ['ActiveRemediationActions', 'ViewData'],
          reach: { kind: 'deviceGroups', ids: [UNGROUPED, 1, 2, 3] },
        })
        await ours.deviceGroups.change(UNGROUPED, { userGroups: [userGroupId(2)] }, auditEntry())
        expect((await reachOf(1)).reach).toEqual({ kind: 'deviceGroups', ids: [1, 3] })
        expect((await reachOf(2)).reach).toEqual({ kind: 'deviceGroups', ids: [UNGROUPED, 2, 3] })
      })

      it('do everything everywhere with the administrator’s role', async () => {
        const { ours } = await bed.twoTenants()
        await withAdministrators(ours)
        expect(await ours.users.accessOf([userGroupId(1)])).toEqual({
          rolePermissions: [...ROLE_PERMISSIONS],
          reach: ALL_MACHINES,
        })
      })
    })

    it('know the user groups that stand for groups of another directory', async () => {
      const { ours } = await bed.twoTenants()
      await ours.userGroups.create(newUserGroup(1, { externalId: 'entra-1' }), auditEntry())
      await ours.userGroups.create(newUserGroup(2, { externalId: 'entra-2' }), auditEntry())
      expect(await ours.users.groupsByExternalId(['entra-2', 'entra-9'])).toEqual([userGroupId(2)])
      expect(await ours.users.groupsByExternalId([])).toEqual([])
    })
  })
}
