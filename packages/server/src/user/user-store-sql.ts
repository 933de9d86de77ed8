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
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { ALL_MACHINES } from '../principal/index.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import type { StoredUser } from './user.ts'
import type { NewUser, UserStore } from './user-store.ts'
import type { UserRow, UserTables } from './user-tables.ts'

type CreateUser = { kind: 'user.create'; tenant: TenantId; user: NewUser; audit: AuditEntry }

export const createUserWrite = defineWrite<CreateUser, 'created' | 'exists'>(
  'user.create',
  function* ({ tenant, user, audit }, context) {
    const db = tables<UserTables>(context.dialect)
    const added = yield* run(
      db
        .insertInto('user_account')
        .values({
          tenant,
          id: user.id,
          user_principal_name: user.userPrincipalName,
          user_principal_name_lower: user.userPrincipalName.toLowerCase(),
          display_name: user.displayName,
          created_at: context.at,
          disabled_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    if (added.length === 0) return 'exists'
    for (const user_group of user.groups) {
      yield* run(db.insertInto('user_group_member').values({ tenant, user_group, member: user.id }))
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

/** People of one tenant, on either database. */
export function sqlUserStore(db: Database, tenant: TenantId): UserStore {
  const builder = tables<UserTables>(db.dialect)
  const users = () => builder.selectFrom('user_account').selectAll().where('tenant', '=', tenant)
  return {
    create: (user, audit) => db.write(createUserWrite, { tenant, user, audit }),
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
    async groupsOf(id) {
      const rows = await db.read(
        builder
          .selectFrom('user_group_member')
          .select('user_group')
          .where('tenant', '=', tenant)
          .where('member', '=', id),
      )
      return rows.map(({ user_group }) => user_group as UserGroupId)
    },
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

function rolesOf(db: Database, tenant: TenantId, groups: readonly UserGroupId[]) {
  return tables<UserTables>(db.dialect)
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
  return tables<UserTables>(db.dialect)
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
  const builder = tables<UserTables>(db.dialect)
  const [known, named] = await Promise.all([
    db.read(builder.selectFrom('device_group').select('id').where('tenant', '=', tenant)),
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
