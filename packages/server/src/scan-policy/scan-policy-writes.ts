import { type DeviceGroupId, type ScanPolicySettings, type TenantId, UNGROUPED } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { lockAccess } from '../tenant/index.ts'
import type { StoredScanPolicy } from './scan-policy.ts'
import { type ScanPolicyTables, toScanPolicy } from './scan-policy-row.ts'
import type { ScanPolicyStore } from './scan-policy-store.ts'

type Change = {
  kind: 'scanPolicy.change'
  tenant: TenantId
  deviceGroup: DeviceGroupId
  change: Partial<ScanPolicySettings>
  audit: AuditEntry
}

export const changeScanPolicyWrite = defineWrite<Change, Awaited<ReturnType<ScanPolicyStore['change']>>>(
  'scanPolicy.change',
  function* ({ tenant, deviceGroup, change, audit }, context) {
    // A group that is deleted meanwhile takes its policy with it, wholly before this or after.
    yield* lockAccess(tenant, context)
    if (!(yield* isThere(tenant, deviceGroup, context))) return { kind: 'unknown' }
    const before = yield* readScanPolicy(tenant, deviceGroup, context)
    const settings = { ...before.settings, ...change }
    const row = { settings: JSON.stringify(settings), changed_at: context.at }
    yield* run(
      tables<ScanPolicyTables>(context.dialect)
        .insertInto('scan_policy')
        .values({ tenant, device_group: deviceGroup, ...row })
        .onConflict((conflict) => conflict.columns(['tenant', 'device_group']).doUpdateSet(row)),
    )
    const detail = { ...audit.detail, before: JSON.stringify(before.settings), after: row.settings }
    yield* writeAudit(tenant, { ...audit, detail }, context)
    return { kind: 'changed', policy: { deviceGroup, settings, changedAt: context.at } }
  },
)

type GroupTables = { device_group: { tenant: string; id: number } }
type OfGroup = { tenant: string; deviceGroup: number }

function* isThere(
  tenant: TenantId,
  deviceGroup: DeviceGroupId,
  { dialect }: WriteContext,
): WriteSteps<boolean> {
  if (deviceGroup === UNGROUPED) return true
  const rows = yield* run(selectGroup(dialect, { tenant, deviceGroup }))
  return rows.length === 1
}

export const selectGroup = prepare((db: Kysely<GroupTables>, { tenant, deviceGroup }: OfGroup) =>
  db.selectFrom('device_group').select('id').where('tenant', '=', tenant).where('id', '=', deviceGroup),
)

/** The policy that holds for a device group at this point of a write. */
export function* readScanPolicy(
  tenant: TenantId,
  deviceGroup: DeviceGroupId,
  { dialect }: WriteContext,
): WriteSteps<StoredScanPolicy> {
  const [row] = yield* run(selectPolicy(dialect, { tenant, deviceGroup }))
  return toScanPolicy(deviceGroup, row)
}

export const selectPolicy = prepare((db: Kysely<ScanPolicyTables>, { tenant, deviceGroup }: OfGroup) =>
  db
    .selectFrom('scan_policy')
    .select(['settings', 'changed_at'])
    .where('tenant', '=', tenant)
    .where('device_group', '=', deviceGroup),
)

type Remove = { kind: 'scanPolicy.remove'; tenant: TenantId; deviceGroup: DeviceGroupId; audit: AuditEntry }

export const removeScanPolicyWrite = defineWrite<Remove, Awaited<ReturnType<ScanPolicyStore['remove']>>>(
  'scanPolicy.remove',
  function* ({ tenant, deviceGroup, audit }, context) {
    yield* lockAccess(tenant, context)
    if (!(yield* isThere(tenant, deviceGroup, context))) return { kind: 'unknown' }
    const before = yield* readScanPolicy(tenant, deviceGroup, context)
    if (before.changedAt === null) return { kind: 'removed' }
    yield* removeScanPolicy(tenant, deviceGroup, context)
    const detail = { ...audit.detail, before: JSON.stringify(before.settings) }
    yield* writeAudit(tenant, { ...audit, detail }, context)
    return { kind: 'removed' }
  },
)

/** Part of the write that deletes a device group. */
export function* removeScanPolicy(
  tenant: TenantId,
  deviceGroup: DeviceGroupId,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<ScanPolicyTables>(dialect)
      .deleteFrom('scan_policy')
      .where('tenant', '=', tenant)
      .where('device_group', '=', deviceGroup),
  )
}
