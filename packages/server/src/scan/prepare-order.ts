import {
  type DeviceGroupId,
  isFinal,
  type MachineActionId,
  type ScanSettings,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { readForUpdate } from '../machine-action/index.ts'
import { readScanPolicy } from '../scan-policy/index.ts'
import { readPaths, readSettings, type ScanTables } from './scan-row.ts'
import type { PreparedOrder } from './scan-store.ts'

type PrepareOrder = { kind: 'scan.prepareOrder'; tenant: TenantId; actionId: MachineActionId }

/**
 * Settles how a scan is made when its order first goes out. An order that is sent again says the same: the machine may
 * have had the first one, and the record says what it was told.
 */
export const prepareOrderWrite = defineWrite<PrepareOrder, PreparedOrder | null>(
  'scan.prepareOrder',
  function* ({ tenant, actionId }, context) {
    const action = yield* readForUpdate(tenant, actionId, context)
    if (!action || isFinal(action.status)) return null
    const [scan] = yield* run(selectAsked(context.dialect, { tenant, actionId }))
    if (!scan) return null
    const paths = readPaths(scan.paths)
    if (scan.settings !== null) return { paths, settings: readSettings(scan.settings) }
    const group = yield* groupOf(tenant, action.machineId, context)
    const policy = yield* readScanPolicy(tenant, group, context)
    const settings: ScanSettings = { ...policy.settings, rescan: scan.rescan === 1 }
    yield* run(
      tables<ScanTables>(context.dialect)
        .updateTable('scan')
        .set({ settings: JSON.stringify(settings) })
        .where('tenant', '=', tenant)
        .where('action', '=', actionId),
    )
    return { paths, settings }
  },
)

const selectAsked = prepare((db: Kysely<ScanTables>, of: { tenant: string; actionId: string }) =>
  db
    .selectFrom('scan')
    .select(['paths', 'rescan', 'settings'])
    .where('tenant', '=', of.tenant)
    .where('action', '=', of.actionId),
)

type GroupTables = { machine: { tenant: string; id: string; device_group: number } }

const selectGroupOf = prepare((db: Kysely<GroupTables>, of: { tenant: string; machine: string }) =>
  db
    .selectFrom('machine')
    .select('device_group')
    .where('tenant', '=', of.tenant)
    .where('id', '=', of.machine),
)

function* groupOf(tenant: TenantId, machine: string, { dialect }: WriteContext): WriteSteps<DeviceGroupId> {
  const [row] = yield* run(selectGroupOf(dialect, { tenant, machine }))
  if (!row) throw new Error(`The machine ${machine} of a scan is not there.`)
  return row.device_group as DeviceGroupId
}
