import {
  isFinal,
  type MachineActionId,
  type MachineId,
  type ScanProgress,
  type ScanType,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { postponeTimeOut, readForUpdate } from '../machine-action/index.ts'
import { prepareOrderWrite } from './prepare-order.ts'
import { reconcileWrite } from './reconcile.ts'
import { type ScanRow, type ScanTables, toScanRecord } from './scan-row.ts'
import type { ScanStore } from './scan-store.ts'
import { type AllowedSilence, silentUntil } from './silence.ts'
import { takeEventWrite } from './take-event.ts'

type RecordProgress = {
  kind: 'scan.recordProgress'
  tenant: TenantId
  machineId: MachineId
  actionId: MachineActionId
  progress: ScanProgress
  silence: AllowedSilence
}

export const recordProgressWrite = defineWrite<RecordProgress, void>(
  'scan.recordProgress',
  function* ({ tenant, machineId, actionId, progress, silence }, context) {
    const action = yield* readForUpdate(tenant, actionId, context)
    if (!action || action.machineId !== machineId || isFinal(action.status)) return
    // Engines that walk by themselves tell of no files, and begin anew.
    const isCheckpoint = progress.filesDone > 0
    const [scan] = yield* run(
      tables<ScanTables>(context.dialect)
        .updateTable('scan')
        .set(({ fn, ref, val }) => ({
          progress: JSON.stringify(progress),
          ...(isCheckpoint && { checkpoint_at: fn.coalesce(ref('checkpoint_at'), val(context.at)) }),
        }))
        .where('tenant', '=', tenant)
        .where('action', '=', actionId)
        .returning('checkpoint_at'),
    )
    // A Pending action has not been taken yet; its own time-out goes on until the machine says so.
    if (action.status === 'InProgress') {
      yield* postponeTimeOut(
        tenant,
        action,
        silentUntil(context.at, silence, scan?.checkpoint_at != null),
        context,
      )
    }
  },
)

type WaitingTables = {
  active_action: { tenant: string; machine: string; action: string }
  machine_action: {
    tenant: string
    id: string
    status: string
    scope: string
    requestor: string
    requestor_comment: string
    created_at: number
  }
}

type OfMachine = { tenant: string; machineId: string }

const selectOwedStops = prepare((db: Kysely<ScanTables>, { tenant, machineId }: OfMachine) =>
  db
    .selectFrom('scan')
    .select('action')
    .where('tenant', '=', tenant)
    .where('machine', '=', machineId)
    .where('stop_ordered_at', 'is not', null)
    .where('stop_proven_at', 'is', null)
    .orderBy('stop_ordered_at'),
)

const selectWaiting = prepare((db: Kysely<WaitingTables>, { tenant, machineId }: OfMachine) =>
  db
    .selectFrom('active_action')
    .innerJoin('machine_action', (join) =>
      join
        .onRef('machine_action.tenant', '=', 'active_action.tenant')
        .onRef('machine_action.id', '=', 'active_action.action'),
    )
    .select(['id', 'scope', 'requestor', 'requestor_comment'])
    .where('active_action.tenant', '=', tenant)
    .where('active_action.machine', '=', machineId)
    .where('status', '=', 'Pending')
    .orderBy('created_at'),
)

/** Scans of one tenant, on either database. */
export function sqlScanStore(db: Database, tenant: TenantId): ScanStore {
  return {
    takeEvent: (incoming) => db.write(takeEventWrite, { tenant, incoming }),
    recordProgress: (machineId, actionId, progress, silence) =>
      db.write(recordProgressWrite, { tenant, machineId, actionId, progress, silence }),
    reconcile: (reconciliation) => db.write(reconcileWrite, { tenant, reconciliation }),
    prepareOrder: (actionId) => db.write(prepareOrderWrite, { tenant, actionId }),
    async listOwed(machineId) {
      // Every machine asks this with every heartbeat: both queries touch what is open only, however long its history.
      const stops = await db.read(selectOwedStops(db.dialect, { tenant, machineId }))
      const scans = await db.read(selectWaiting(db.dialect, { tenant, machineId }))
      return [
        ...stops.map(({ action }) => ({ verb: 'stop' as const, actionId: action as MachineActionId })),
        ...scans.map((row) => ({
          verb: 'scan' as const,
          actionId: row.id as MachineActionId,
          scanType: row.scope as ScanType,
          requestor: row.requestor,
          comment: row.requestor_comment,
        })),
      ]
    },
    async find(actionId) {
      const [row] = await db.read<ScanRow>(
        tables<ScanTables>(db.dialect)
          .selectFrom('scan')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('action', '=', actionId),
      )
      return row && toScanRecord(row)
    },
  }
}
