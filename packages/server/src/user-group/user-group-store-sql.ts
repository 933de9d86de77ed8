import type { Instant, TenantId, UserGroupId } from '@fleetsweep/protocol'
import { comesAfter, NEWEST_FIRST } from '../kit/db/cursor-sql.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { addMemberWrite, removeMemberWrite } from './member-writes.ts'
import type { StoredUserGroup } from './user-group.ts'
import type { UserGroupStore } from './user-group-store.ts'
import type { UserGroupRow, UserGroupTables } from './user-group-tables.ts'
import { changeUserGroupWrite, createUserGroupWrite, deleteUserGroupWrite } from './user-group-writes.ts'

/** User groups of one tenant, on either database. */
export function sqlUserGroupStore(db: Database, tenant: TenantId): UserGroupStore {
  const groups = () =>
    tables<UserGroupTables>(db.dialect).selectFrom('user_group').selectAll().where('tenant', '=', tenant)
  return {
    async list({ after, limit }) {
      const page = groups().where(comesAfter(after)).orderBy(NEWEST_FIRST).limit(limit)
      return (await db.read(page)).map(toUserGroup)
    },
    async find(id) {
      const [row] = await db.read(groups().where('id', '=', id))
      return row && toUserGroup(row)
    },
    create: (group, audit) => db.write(createUserGroupWrite, { tenant, group, audit }),
    change: (id, change, audit) => db.write(changeUserGroupWrite, { tenant, id, change, audit }),
    delete: (id, audit) => db.write(deleteUserGroupWrite, { tenant, id, audit }),
    addMember: (id, user, audit) => db.write(addMemberWrite, { tenant, id, user, audit }),
    removeMember: (id, user, audit) => db.write(removeMemberWrite, { tenant, id, user, audit }),
  }
}

function toUserGroup(row: UserGroupRow): StoredUserGroup {
  return {
    id: row.id as UserGroupId,
    displayName: row.display_name,
    description: row.description,
    externalId: row.external_id,
    createdAt: row.created_at as Instant,
  }
}
