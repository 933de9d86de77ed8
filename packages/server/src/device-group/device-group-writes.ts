import {
  type DeviceGroupId,
  MAX_DEVICE_GROUPS,
  type TenantId,
  UNGROUPED,
  UNGROUPED_NAME,
  type UserGroupId,
} from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { isNameTaken } from '../kit/db/name-taken.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { RoleTables } from '../role/index.ts'
import { removeScanPolicy } from '../scan-policy/index.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import { areUserGroupsKnown } from '../user-group/index.ts'
import { assignAllMachines } from './assign-device-groups.ts'
import type { DeviceGroupChange, NewDeviceGroup } from './device-group.ts'
import type { DeviceGroupRow, DeviceGroupTables } from './device-group-row.ts'
import type { DeviceGroupStore } from './device-group-store.ts'

type Outcome<Method extends 'create' | 'change' | 'delete' | 'order'> = Awaited<
  ReturnType<DeviceGroupStore[Method]>
>

type CreateDeviceGroup = {
  kind: 'deviceGroup.create'
  tenant: TenantId
  group: NewDeviceGroup
  audit: AuditEntry
}

export const createDeviceGroupWrite = defineWrite<CreateDeviceGroup, Outcome<'create'>>(
  'deviceGroup.create',
  function* ({ tenant, group, audit }, context) {
    yield* lockAccess(tenant, context)
    const { displayName, description, rules, remediationLevel, userGroups } = group
    const refusal = yield* whyNot(tenant, group, undefined, context)
    if (refusal !== undefined) return refusal
    const ranked = yield* readRanked(tenant, context)
    if (ranked.length >= MAX_DEVICE_GROUPS) return 'tooMany'
    const id = yield* nextId(tenant, context)
    yield* run(
      tables<DeviceGroupTables>(context.dialect)
        .insertInto('device_group')
        .values({
          tenant,
          id,
          display_name: displayName,
          display_name_lower: displayName.toLowerCase(),
          description,
          group_rank: ranked.length + 1,
          rules: JSON.stringify(rules),
          remediation_level: remediationLevel,
          created_at: context.at,
        }),
    )
    yield* nameUserGroups(tenant, id, userGroups, context)
    yield* assignAllMachines(tenant, context)
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, { ...audit, target: String(id) }, context)
    return { kind: 'created', id }
  },
)

type ChangeDeviceGroup = {
  kind: 'deviceGroup.change'
  tenant: TenantId
  id: DeviceGroupId
  change: DeviceGroupChange
  audit: AuditEntry
}

export const changeDeviceGroupWrite = defineWrite<ChangeDeviceGroup, Outcome<'change'>>(
  'deviceGroup.change',
  function* ({ tenant, id, change, audit }, context) {
    yield* lockAccess(tenant, context)
    if (id === UNGROUPED) {
      if (hasMoreThanAccess(change)) return 'ungrouped'
      yield* keepUngrouped(tenant, context)
    }
    const [known] = yield* run(deviceGroup(tenant, id, context).selectAll())
    if (!known) return 'unknown'
    const refusal = yield* whyNot(tenant, change, id, context)
    if (refusal !== undefined) return refusal
    const { displayName, description, rules, remediationLevel, userGroups } = change
    yield* run(
      tables<DeviceGroupTables>(context.dialect)
        .updateTable('device_group')
        .set({
          display_name: displayName ?? known.display_name,
          display_name_lower: (displayName ?? known.display_name).toLowerCase(),
          description: description ?? known.description,
          rules: rules === undefined ? known.rules : JSON.stringify(rules),
          remediation_level: remediationLevel ?? known.remediation_level,
        })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    if (userGroups !== undefined) yield* nameUserGroups(tenant, id, userGroups, context)
    if (rules !== undefined) yield* assignAllMachines(tenant, context)
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, withName(audit, known), context)
    return 'changed'
  },
)

type DeleteDeviceGroup = {
  kind: 'deviceGroup.delete'
  tenant: TenantId
  id: DeviceGroupId
  audit: AuditEntry
}

export const deleteDeviceGroupWrite = defineWrite<DeleteDeviceGroup, Outcome<'delete'>>(
  'deviceGroup.delete',
  function* ({ tenant, id, audit }, context) {
    yield* lockAccess(tenant, context)
    if (id === UNGROUPED) return 'ungrouped'
    const [known] = yield* run(deviceGroup(tenant, id, context).selectAll())
    if (!known) return 'unknown'
    const db = tables<DeviceGroupTables>(context.dialect)
    yield* run(db.deleteFrom('device_group').where('tenant', '=', tenant).where('id', '=', id))
    yield* nameUserGroups(tenant, id, [], context)
    yield* removeScanPolicy(tenant, id, context)
    yield* run(
      db
        .updateTable('device_group')
        .set((eb) => ({ group_rank: eb('group_rank', '-', 1) }))
        .where('tenant', '=', tenant)
        .where('group_rank', '>', known.group_rank),
    )
    yield* assignAllMachines(tenant, context)
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, withName(audit, known), context)
    return 'deleted'
  },
)

type OrderDeviceGroups = {
  kind: 'deviceGroup.order'
  tenant: TenantId
  ids: readonly DeviceGroupId[]
  audit: AuditEntry
}

export const orderDeviceGroupsWrite = defineWrite<OrderDeviceGroups, Outcome<'order'>>(
  'deviceGroup.order',
  function* ({ tenant, ids, audit }, context) {
    yield* lockAccess(tenant, context)
    const ranked = yield* readRanked(tenant, context)
    const wanted = new Set<number>(ids)
    const isAll = wanted.size === ids.length && ranked.length === ids.length
    if (!isAll || !ranked.every((id) => wanted.has(id))) return 'notAll'
    for (const [index, id] of ids.entries()) {
      yield* run(
        tables<DeviceGroupTables>(context.dialect)
          .updateTable('device_group')
          .set({ group_rank: index + 1 })
          .where('tenant', '=', tenant)
          .where('id', '=', id),
      )
    }
    yield* assignAllMachines(tenant, context)
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'ordered'
  },
)

function hasMoreThanAccess({ displayName, description, rules }: DeviceGroupChange): boolean {
  return displayName !== undefined || description !== undefined || rules !== undefined
}

/** Why a group may not be so; `undefined` when it may. */
function* whyNot(
  tenant: TenantId,
  { displayName, userGroups }: DeviceGroupChange,
  ownId: DeviceGroupId | undefined,
  context: WriteContext,
): WriteSteps<'nameTaken' | 'userGroupUnknown' | 'userGroupWithoutRole' | undefined> {
  if (displayName !== undefined) {
    if (displayName.toLowerCase() === UNGROUPED_NAME.toLowerCase()) return 'nameTaken'
    const named = { tenant, displayName, ...(ownId === undefined ? {} : { ownId }) }
    if (yield* isNameTaken('device_group', named, context)) return 'nameTaken'
  }
  if (userGroups === undefined || userGroups.length === 0) return undefined
  if (!(yield* areUserGroupsKnown(tenant, userGroups, context))) return 'userGroupUnknown'
  const withRole = yield* run(
    tables<RoleTables>(context.dialect)
      .selectFrom('role_assignment')
      .select('user_group')
      .distinct()
      .where('tenant', '=', tenant)
      .where('user_group', 'in', userGroups),
  )
  return withRole.length === new Set(userGroups).size ? undefined : 'userGroupWithoutRole'
}

function deviceGroup(tenant: TenantId, id: DeviceGroupId, { dialect }: WriteContext) {
  return tables<DeviceGroupTables>(dialect)
    .selectFrom('device_group')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
}

/** Ids of all groups but the ungrouped machines, the highest rank first. */
function* readRanked(tenant: TenantId, { dialect }: WriteContext): WriteSteps<number[]> {
  const rows = yield* run(
    tables<DeviceGroupTables>(dialect)
      .selectFrom('device_group')
      .select('id')
      .where('tenant', '=', tenant)
      .where('id', '>', UNGROUPED)
      .orderBy('group_rank'),
  )
  return rows.map(({ id }) => id)
}

function* nextId(tenant: TenantId, { dialect }: WriteContext): WriteSteps<DeviceGroupId> {
  const [row] = yield* run(
    tables<DeviceGroupTables>(dialect)
      .insertInto('device_group_sequence')
      .values({ tenant, last_id: 1 })
      .onConflict((conflict) =>
        conflict
          .column('tenant')
          .doUpdateSet((eb) => ({ last_id: eb('device_group_sequence.last_id', '+', 1) })),
      )
      .returning('last_id'),
  )
  if (!row) throw new Error('The database gave no id for a device group.')
  return row.last_id as DeviceGroupId
}

/** The ungrouped machines have a row from their first change on. */
function* keepUngrouped(tenant: TenantId, context: WriteContext): WriteSteps<void> {
  const row: DeviceGroupRow = {
    tenant,
    id: UNGROUPED,
    display_name: UNGROUPED_NAME,
    display_name_lower: UNGROUPED_NAME.toLowerCase(),
    description: '',
    group_rank: 0,
    rules: '{}',
    remediation_level: 'NoAutomatedResponse',
    created_at: context.at,
  }
  yield* run(
    tables<DeviceGroupTables>(context.dialect)
      .insertInto('device_group')
      .values(row)
      .onConflict((conflict) => conflict.doNothing()),
  )
}

/** Replaces the user groups that reach a group. */
function* nameUserGroups(
  tenant: TenantId,
  id: DeviceGroupId,
  userGroups: readonly UserGroupId[],
  { dialect }: WriteContext,
): WriteSteps<void> {
  const db = tables<DeviceGroupTables>(dialect)
  yield* run(db.deleteFrom('device_group_access').where('tenant', '=', tenant).where('device_group', '=', id))
  if (userGroups.length === 0) return
  const rows = [...new Set(userGroups)].map((user_group) => ({ tenant, device_group: id, user_group }))
  yield* run(db.insertInto('device_group_access').values(rows))
}

function withName(audit: AuditEntry, { display_name: displayName }: DeviceGroupRow): AuditEntry {
  return { ...audit, detail: { displayName, ...audit.detail } }
}
