import type { TenantId, UserGroupId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { DeviceGroupTables } from '../device-group/index.ts'
import { isNameTaken } from '../kit/db/name-taken.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { RoleTables } from '../role/index.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import { losesLastAdministrator } from './administrators.ts'
import type { NewUserGroup, UserGroupChange } from './user-group.ts'
import type { UserGroupStore } from './user-group-store.ts'
import type { UserGroupRow, UserGroupTables } from './user-group-tables.ts'

type Outcome<Method extends 'create' | 'change' | 'delete'> = Awaited<ReturnType<UserGroupStore[Method]>>

type CreateUserGroup = { kind: 'userGroup.create'; tenant: TenantId; group: NewUserGroup; audit: AuditEntry }

export const createUserGroupWrite = defineWrite<CreateUserGroup, Outcome<'create'>>(
  'userGroup.create',
  function* ({ tenant, group, audit }, context) {
    yield* lockAccess(tenant, context)
    const clash = yield* findClash(tenant, group, undefined, context)
    if (clash !== undefined) return clash
    yield* run(
      tables<UserGroupTables>(context.dialect).insertInto('user_group').values({
        tenant,
        id: group.id,
        display_name: group.displayName,
        display_name_lower: group.displayName.toLowerCase(),
        description: group.description,
        external_id: group.externalId,
        created_at: context.at,
      }),
    )
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

type ChangeUserGroup = {
  kind: 'userGroup.change'
  tenant: TenantId
  id: UserGroupId
  change: UserGroupChange
  audit: AuditEntry
}

export const changeUserGroupWrite = defineWrite<ChangeUserGroup, Outcome<'change'>>(
  'userGroup.change',
  function* ({ tenant, id, change, audit }, context) {
    yield* lockAccess(tenant, context)
    const known = yield* readUserGroup(tenant, id, context)
    if (!known) return 'unknown'
    const clash = yield* findClash(tenant, change, id, context)
    if (clash !== undefined) return clash
    const { displayName = known.display_name, description, externalId } = change
    yield* run(
      tables<UserGroupTables>(context.dialect)
        .updateTable('user_group')
        .set({
          display_name: displayName,
          display_name_lower: displayName.toLowerCase(),
          description: description ?? known.description,
          external_id: externalId === undefined ? known.external_id : externalId,
        })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'changed'
  },
)

type DeleteUserGroup = { kind: 'userGroup.delete'; tenant: TenantId; id: UserGroupId; audit: AuditEntry }

export const deleteUserGroupWrite = defineWrite<DeleteUserGroup, Outcome<'delete'>>(
  'userGroup.delete',
  function* ({ tenant, id, audit }, context) {
    yield* lockAccess(tenant, context)
    const known = yield* readUserGroup(tenant, id, context)
    if (!known) return 'unknown'
    if (yield* losesLastAdministrator(tenant, { userGroup: id }, context)) return 'lastAdministrator'
    const namedAlone = yield* findNamedAlone(tenant, id, context)
    if (namedAlone.length > 0) return { namedAlone }
    const db = tables<UserGroupTables & RoleTables & DeviceGroupTables>(context.dialect)
    for (const table of ['user_group_member', 'role_assignment', 'device_group_access'] as const) {
      yield* run(db.deleteFrom(table).where('tenant', '=', tenant).where('user_group', '=', id))
    }
    yield* run(db.deleteFrom('user_group').where('tenant', '=', tenant).where('id', '=', id))
    yield* raiseSecurityEpoch(tenant, context)
    const detail = { ...audit.detail, displayName: known.display_name }
    yield* writeAudit(tenant, { ...audit, detail }, context)
    return 'deleted'
  },
)

/** True when every one of these user groups is there. */
export function* areUserGroupsKnown(
  tenant: TenantId,
  ids: readonly UserGroupId[],
  { dialect }: WriteContext,
): WriteSteps<boolean> {
  if (ids.length === 0) return true
  const known = yield* run(
    tables<UserGroupTables>(dialect)
      .selectFrom('user_group')
      .select('id')
      .where('tenant', '=', tenant)
      .where('id', 'in', ids),
  )
  return known.length === new Set(ids).size
}

export function* readUserGroup(
  tenant: TenantId,
  id: UserGroupId,
  { dialect }: WriteContext,
): WriteSteps<UserGroupRow | undefined> {
  const [row] = yield* run(
    tables<UserGroupTables>(dialect)
      .selectFrom('user_group')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
  return row
}

function* findClash(
  tenant: TenantId,
  { displayName, externalId }: UserGroupChange,
  ownId: UserGroupId | undefined,
  context: WriteContext,
): WriteSteps<'nameTaken' | 'externalIdTaken' | undefined> {
  const own = ownId === undefined ? {} : { ownId }
  if (displayName !== undefined) {
    if (yield* isNameTaken('user_group', { tenant, displayName, ...own }, context)) return 'nameTaken'
  }
  if (externalId === undefined || externalId === null) return undefined
  const holders = yield* run(
    tables<UserGroupTables>(context.dialect)
      .selectFrom('user_group')
      .select('id')
      .where('tenant', '=', tenant)
      .where('external_id', '=', externalId),
  )
  return holders.some(({ id }) => id !== ownId) ? 'externalIdTaken' : undefined
}

/** Names of the device groups that only this user group reaches. */
function* findNamedAlone(tenant: TenantId, id: UserGroupId, { dialect }: WriteContext): WriteSteps<string[]> {
  const rows = yield* run(
    tables<DeviceGroupTables>(dialect)
      .selectFrom('device_group_access as named')
      .innerJoin('device_group', (join) =>
        join
          .onRef('device_group.tenant', '=', 'named.tenant')
          .onRef('device_group.id', '=', 'named.device_group'),
      )
      .select('device_group.display_name')
      .where('named.tenant', '=', tenant)
      .where('named.user_group', '=', id)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('device_group_access as other')
              .select('other.user_group')
              .whereRef('other.tenant', '=', 'named.tenant')
              .whereRef('other.device_group', '=', 'named.device_group')
              .where('other.user_group', '<>', id),
          ),
        ),
      )
      .orderBy('device_group.group_rank'),
  )
  return rows.map(({ display_name }) => display_name)
}
