import {
  type DeviceGroupId,
  type Instant,
  isRolePermission,
  ROLE_PERMISSIONS,
  type TenantId,
  UNGROUPED,
  type UserGroupId,
  type UserId,
} from '@fleetsweep/protocol'
import type { DeviceGroupTables } from '../device-group/index.ts'
import { comesAfter, NEWEST_FIRST } from '../kit/db/cursor-sql.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import type { RoleTables } from '../role/index.ts'
import type { UserGroupTables } from '../user-group/index.ts'
import type { StoredUser } from './user.ts'
import type { UserStore } from './user-store.ts'
import type { UserRow, UserTables } from './user-tables.ts'
import { changeUserWrite, createUserWrite, deleteUserWrite } from './user-writes.ts'

/** People, with all that decides what they may do and where. */
type AccessTables = UserTables & UserGroupTables & RoleTables & DeviceGroupTables

/** People of one tenant, on either database. */
export function sqlUserStore(db: Database, tenant: TenantId): UserStore {
  const builder = tables<AccessTables>(db.dialect)
  const users = () => builder.selectFrom('user_account').selectAll().where('tenant', '=', tenant)
  return {
    async list({ group, after, limit }) {
      let page = users().where(comesAfter(after)).orderBy(NEWEST_FIRST).limit(limit)
      if (group !== undefined) {
        const members = builder
          .selectFrom('user_group_member')
          .select('member')
          .where('tenant', '=', tenant)
          .where('user_group', '=', group)
        page = page.where('id', 'in', members)
      }
      const rows = await db.read(page)
      const groups = await groupsOfAll(
        db,
        tenant,
        rows.map(({ id }) => id),
      )
      return rows.map((row) => ({ ...toUser(row), groups: groups.get(row.id) ?? [] }))
    },
    create: (user, audit) => db.write(createUserWrite, { tenant, user, audit }),
    change: (id, change, audit) => db.write(changeUserWrite, { tenant, id, change, audit }),
    delete: (id, audit) => db.write(deleteUserWrite, { tenant, id, audit }),
    async find(id) {
      const [row] = await db.read(users().where('id', '=', id))
      return row && toUser(row)
    },
    async findByName(userPrincipalName) {
      const [row] = await db.read(
        users().where('user_principal_name_lower', '=', userPrincipalName.toLowerCase()),
      )
      return row && toUser(row)
    },
    groupsOf: async (id) => (await groupsOfAll(db, tenant, [id])).get(id) ?? [],
    async groupsByExternalId(externalIds) {
      if (externalIds.length === 0) return []
      const rows = await db.read(
        builder
          .selectFrom('user_group')
          .select('id')
          .where('tenant', '=', tenant)
          .where('external_id', 'in', externalIds),
      )
      return rows.map(({ id }) => id as UserGroupId)
    },
    async accessOf(groups) {
      const roles = groups.length === 0 ? [] : await db.read(rolesOf(db, tenant, groups))
      if (roles.length === 0) return { rolePermissions: [], reach: { kind: 'deviceGroups', ids: [] } }
      if (roles.some(({ is_administrator }) => is_administrator === 1)) {
        return { rolePermissions: [...ROLE_PERMISSIONS], reach: ALL_MACHINES }
      }
      const [permissions, ids] = await Promise.all([
        db.read(permissionsOf(db, tenant, [...new Set(roles.map(({ id }) => id))])),
        reachOf(db, tenant, groups),
      ])
      return {
        rolePermissions: permissions.map(({ permission }) => permission).filter(isRolePermission),
        reach: { kind: 'deviceGroups', ids },
      }
    },
  }
}

async function groupsOfAll(
  db: Database,
  tenant: TenantId,
  users: readonly string[],
): Promise<Map<string, UserGroupId[]>> {
  if (users.length === 0) return new Map()
  const rows = await db.read(
    tables<AccessTables>(db.dialect)
      .selectFrom('user_group_member')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('member', 'in', users)
      .orderBy('user_group'),
  )
  const groups = new Map<string, UserGroupId[]>()
  for (const { member, user_group } of rows) {
    groups.set(member, [...(groups.get(member) ?? []), user_group as UserGroupId])
  }
  return groups
}

function rolesOf(db: Database, tenant: TenantId, groups: readonly UserGroupId[]) {
  return tables<AccessTables>(db.dialect)
    .selectFrom('role_assignment')
    .innerJoin('access_role', (join) =>
      join
        .onRef('access_role.tenant', '=', 'role_assignment.tenant')
        .onRef('access_role.id', '=', 'role_assignment.role'),
    )
    .select(['access_role.id', 'access_role.is_administrator'])
    .where('role_assignment.tenant', '=', tenant)
    .where('role_assignment.user_group', 'in', groups)
}

function permissionsOf(db: Database, tenant: TenantId, roles: readonly string[]) {
  return tables<AccessTables>(db.dialect)
    .selectFrom('role_permission')
    .select('permission')
    .distinct()
    .where('tenant', '=', tenant)
    .where('role', 'in', roles)
    .orderBy('permission')
}

/** Device groups that name one of the user groups, or none at all: those are open to everybody who has a role. */
async function reachOf(
  db: Database,
  tenant: TenantId,
  groups: readonly UserGroupId[],
): Promise<DeviceGroupId[]> {
  const builder = tables<AccessTables>(db.dialect)
  const [known, named] = await Promise.all([
    db.read(
      builder
        .selectFrom('device_group')
        .select('id')
        .where('tenant', '=', tenant)
        .where('id', '>', UNGROUPED),
    ),
    db.read(
      builder
        .selectFrom('device_group_access')
        .select(['device_group', 'user_group'])
        .where('tenant', '=', tenant),
    ),
  ])
  const namedBy = Map.groupBy(named, ({ device_group }) => device_group)
  return [UNGROUPED, ...known.map(({ id }) => id as DeviceGroupId)]
    .filter(
      (id) => namedBy.get(id)?.some(({ user_group }) => groups.includes(user_group as UserGroupId)) ?? true,
    )
    .toSorted((a, b) => a - b)
}

function toUser(row: UserRow): StoredUser {
  return {
    id: row.id as UserId,
    userPrincipalName: row.user_principal_name,
    displayName: row.display_name,
    createdAt: row.created_at as Instant,
    disabledAt: row.disabled_at as Instant | null,
  }
}
