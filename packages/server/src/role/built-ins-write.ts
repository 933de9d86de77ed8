import type { RoleId, TenantId, UserGroupId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { isNameTaken } from '../kit/db/name-taken.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import type { UserGroupTables } from '../user-group/index.ts'
import type { BuiltIns } from './role.ts'
import { ADMINISTRATOR_ROLE, ADMINISTRATORS_GROUP } from './role-store.ts'
import type { RoleTables } from './role-tables.ts'
import { assignRole } from './role-writes.ts'

type EnsureBuiltIns = { kind: 'role.ensureBuiltIns'; tenant: TenantId; wanted: BuiltIns; audit: AuditEntry }

export const ensureBuiltInsWrite = defineWrite<EnsureBuiltIns, BuiltIns>(
  'role.ensureBuiltIns',
  function* ({ tenant, wanted, audit }, context) {
    yield* lockAccess(tenant, context)
    const known = yield* readAdministratorRole(tenant, context)
    const administratorRole = known ?? (yield* addRole(tenant, wanted.administratorRole, context))
    const assigned = yield* readAdministrators(tenant, administratorRole, context)
    if (assigned !== undefined) return { administratorRole, administrators: assigned }
    const administrators = yield* addUserGroup(tenant, wanted.administrators, context)
    yield* assignRole(tenant, administratorRole, [administrators], context)
    yield* raiseSecurityEpoch(tenant, context)
    const detail = { ...audit.detail, userGroup: administrators }
    yield* writeAudit(tenant, { ...audit, target: administratorRole, detail }, context)
    return { administratorRole, administrators }
  },
)

function* readAdministratorRole(tenant: TenantId, { dialect }: WriteContext): WriteSteps<RoleId | undefined> {
  const [row] = yield* run(
    tables<RoleTables>(dialect)
      .selectFrom('access_role')
      .select('id')
      .where('tenant', '=', tenant)
      .where('is_administrator', '=', 1),
  )
  return row?.id as RoleId | undefined
}

function* readAdministrators(
  tenant: TenantId,
  role: RoleId,
  { dialect }: WriteContext,
): WriteSteps<UserGroupId | undefined> {
  const [row] = yield* run(
    tables<RoleTables & UserGroupTables>(dialect)
      .selectFrom('role_assignment')
      .innerJoin('user_group', (join) =>
        join
          .onRef('user_group.tenant', '=', 'role_assignment.tenant')
          .onRef('user_group.id', '=', 'role_assignment.user_group'),
      )
      .select('user_group.id')
      .where('role_assignment.tenant', '=', tenant)
      .where('role_assignment.role', '=', role)
      .orderBy('user_group.created_at')
      .orderBy('user_group.id')
      .limit(1),
  )
  return row?.id as UserGroupId | undefined
}

function* addRole(tenant: TenantId, id: RoleId, context: WriteContext): WriteSteps<RoleId> {
  const columns = yield* columnsOf('access_role', tenant, ADMINISTRATOR_ROLE, context)
  yield* run(
    tables<RoleTables>(context.dialect)
      .insertInto('access_role')
      .values({ tenant, id, ...columns, is_administrator: 1 }),
  )
  return id
}

function* addUserGroup(tenant: TenantId, id: UserGroupId, context: WriteContext): WriteSteps<UserGroupId> {
  const columns = yield* columnsOf('user_group', tenant, ADMINISTRATORS_GROUP, context)
  yield* run(
    tables<UserGroupTables>(context.dialect)
      .insertInto('user_group')
      .values({ tenant, id, ...columns, external_id: null }),
  )
  return id
}

/** Never takes over what somebody else called so: its people would be administrators without anybody's decision. */
function* columnsOf(
  table: string,
  tenant: TenantId,
  { displayName: usual, description }: { displayName: string; description: string },
  context: WriteContext,
) {
  let displayName = usual
  for (let n = 2; yield* isNameTaken(table, { tenant, displayName }, context); n += 1) {
    displayName = `${usual} ${n}`
  }
  return {
    display_name: displayName,
    display_name_lower: displayName.toLowerCase(),
    description,
    created_at: context.at,
  }
}
