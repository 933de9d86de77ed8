import type { RoleId, RolePermission, TenantId, UserGroupId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { isNameTaken } from '../kit/db/name-taken.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import { areUserGroupsKnown, losesLastAdministrator } from '../user-group/index.ts'
import type { NewRole, RoleChange } from './role.ts'
import type { RoleStore } from './role-store.ts'
import type { RoleRow, RoleTables } from './role-tables.ts'

type Outcome<Method extends 'create' | 'change' | 'delete'> = Awaited<ReturnType<RoleStore[Method]>>

type CreateRole = { kind: 'role.create'; tenant: TenantId; role: NewRole; audit: AuditEntry }

export const createRoleWrite = defineWrite<CreateRole, Outcome<'create'>>(
  'role.create',
  function* ({ tenant, role, audit }, context) {
    yield* lockAccess(tenant, context)
    const { id, displayName, description } = role
    if (yield* isNameTaken('access_role', { tenant, displayName }, context)) return 'nameTaken'
    if (!(yield* areUserGroupsKnown(tenant, role.userGroups, context))) return 'userGroupUnknown'
    yield* run(
      tables<RoleTables>(context.dialect).insertInto('access_role').values({
        tenant,
        id,
        display_name: displayName,
        display_name_lower: displayName.toLowerCase(),
        description,
        is_administrator: 0,
        created_at: context.at,
      }),
    )
    yield* addPermissions(tenant, id, role.permissions, context)
    yield* assignRole(tenant, id, role.userGroups, context)
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

type ChangeRole = { kind: 'role.change'; tenant: TenantId; id: RoleId; change: RoleChange; audit: AuditEntry }

export const changeRoleWrite = defineWrite<ChangeRole, Outcome<'change'>>(
  'role.change',
  function* ({ tenant, id, change, audit }, context) {
    yield* lockAccess(tenant, context)
    const refusal = yield* whyNot(tenant, id, change, context)
    if (refusal !== undefined) return refusal
    const { displayName, description, permissions, userGroups } = change
    const db = tables<RoleTables>(context.dialect)
    const columns: Partial<RoleRow> = {
      ...(displayName === undefined
        ? {}
        : { display_name: displayName, display_name_lower: displayName.toLowerCase() }),
      ...(description === undefined ? {} : { description }),
    }
    if (Object.keys(columns).length > 0) {
      yield* run(db.updateTable('access_role').set(columns).where('tenant', '=', tenant).where('id', '=', id))
    }
    if (permissions !== undefined) {
      yield* run(db.deleteFrom('role_permission').where('tenant', '=', tenant).where('role', '=', id))
      yield* addPermissions(tenant, id, permissions, context)
    }
    if (userGroups !== undefined) {
      yield* run(db.deleteFrom('role_assignment').where('tenant', '=', tenant).where('role', '=', id))
      yield* assignRole(tenant, id, userGroups, context)
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'changed'
  },
)

type DeleteRole = { kind: 'role.delete'; tenant: TenantId; id: RoleId; audit: AuditEntry }

export const deleteRoleWrite = defineWrite<DeleteRole, Outcome<'delete'>>(
  'role.delete',
  function* ({ tenant, id, audit }, context) {
    yield* lockAccess(tenant, context)
    const role = yield* readRole(tenant, id, context)
    if (!role) return 'unknown'
    if (role.is_administrator === 1) return 'builtIn'
    const db = tables<RoleTables>(context.dialect)
    yield* run(db.deleteFrom('role_permission').where('tenant', '=', tenant).where('role', '=', id))
    yield* run(db.deleteFrom('role_assignment').where('tenant', '=', tenant).where('role', '=', id))
    yield* run(db.deleteFrom('access_role').where('tenant', '=', tenant).where('id', '=', id))
    yield* raiseSecurityEpoch(tenant, context)
    const detail = { ...audit.detail, displayName: role.display_name }
    yield* writeAudit(tenant, { ...audit, detail }, context)
    return 'deleted'
  },
)

/** Why a role may not be changed so; `undefined` when it may. */
function* whyNot(
  tenant: TenantId,
  id: RoleId,
  { displayName, description, permissions, userGroups }: RoleChange,
  context: WriteContext,
): WriteSteps<Exclude<Outcome<'change'>, 'changed'> | undefined> {
  const role = yield* readRole(tenant, id, context)
  if (!role) return 'unknown'
  const isAdministrator = role.is_administrator === 1
  const isMore = displayName !== undefined || description !== undefined || permissions !== undefined
  if (isAdministrator && isMore) return 'builtIn'
  if (
    displayName !== undefined &&
    (yield* isNameTaken('access_role', { tenant, displayName, ownId: id }, context))
  ) {
    return 'nameTaken'
  }
  if (userGroups === undefined) return undefined
  if (!(yield* areUserGroupsKnown(tenant, userGroups, context))) return 'userGroupUnknown'
  const loss = { assignedOnlyTo: userGroups }
  return isAdministrator && (yield* losesLastAdministrator(tenant, loss, context))
    ? 'lastAdministrator'
    : undefined
}

function* readRole(tenant: TenantId, id: RoleId, { dialect }: WriteContext): WriteSteps<RoleRow | undefined> {
  const [row] = yield* run(
    tables<RoleTables>(dialect)
      .selectFrom('access_role')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
  return row
}

function* addPermissions(
  tenant: TenantId,
  role: RoleId,
  permissions: readonly RolePermission[],
  { dialect }: WriteContext,
): WriteSteps<void> {
  if (permissions.length === 0) return
  const rows = [...new Set(permissions)].map((permission) => ({ tenant, role, permission }))
  yield* run(tables<RoleTables>(dialect).insertInto('role_permission').values(rows))
}

/** Adds user groups to those that a role is assigned to already. */
export function* assignRole(
  tenant: TenantId,
  role: RoleId,
  userGroups: readonly UserGroupId[],
  { dialect }: WriteContext,
): WriteSteps<void> {
  if (userGroups.length === 0) return
  const rows = [...new Set(userGroups)].map((user_group) => ({ tenant, role, user_group }))
  yield* run(tables<RoleTables>(dialect).insertInto('role_assignment').values(rows))
}
