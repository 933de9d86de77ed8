import {
  type Instant,
  isRolePermission,
  type RoleId,
  type TenantId,
  type UserGroupId,
} from '@fleetsweep/protocol'
import { comesAfter, NEWEST_FIRST } from '../kit/db/cursor-sql.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { ensureBuiltInsWrite } from './built-ins-write.ts'
import type { StoredRole } from './role.ts'
import type { RoleStore } from './role-store.ts'
import type { RoleRow, RoleTables } from './role-tables.ts'
import { changeRoleWrite, createRoleWrite, deleteRoleWrite } from './role-writes.ts'

/** Roles of one tenant, on either database. */
export function sqlRoleStore(db: Database, tenant: TenantId): RoleStore {
  const builder = tables<RoleTables>(db.dialect)
  const roles = () => builder.selectFrom('access_role').selectAll().where('tenant', '=', tenant)

  const complete = async (rows: readonly RoleRow[]): Promise<StoredRole[]> => {
    if (rows.length === 0) return []
    const ids = rows.map(({ id }) => id)
    const [permissions, assignments] = await Promise.all([
      db.read(
        builder
          .selectFrom('role_permission')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('role', 'in', ids)
          .orderBy('permission'),
      ),
      db.read(
        builder
          .selectFrom('role_assignment')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('role', 'in', ids)
          .orderBy('user_group'),
      ),
    ])
    const held = Map.groupBy(permissions, ({ role }) => role)
    const assigned = Map.groupBy(assignments, ({ role }) => role)
    return rows.map((row) => ({
      id: row.id as RoleId,
      displayName: row.display_name,
      description: row.description,
      isAdministrator: row.is_administrator === 1,
      permissions: (held.get(row.id) ?? []).map(({ permission }) => permission).filter(isRolePermission),
      userGroups: (assigned.get(row.id) ?? []).map(({ user_group }) => user_group as UserGroupId),
      createdAt: row.created_at as Instant,
    }))
  }

  return {
    list: async ({ after, limit }) =>
      complete(await db.read(roles().where(comesAfter(after)).orderBy(NEWEST_FIRST).limit(limit))),
    async find(id) {
      const [role] = await complete(await db.read(roles().where('id', '=', id)))
      return role
    },
    create: (role, audit) => db.write(createRoleWrite, { tenant, role, audit }),
    change: (id, change, audit) => db.write(changeRoleWrite, { tenant, id, change, audit }),
    delete: (id, audit) => db.write(deleteRoleWrite, { tenant, id, audit }),
    ensureBuiltIns: (wanted, audit) => db.write(ensureBuiltInsWrite, { tenant, wanted, audit }),
  }
}
