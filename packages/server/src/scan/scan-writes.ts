import type { TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { ScanRow, ScanTables } from './scan-row.ts'

/** Opens the record of a scan, in the transaction that creates its machine action. */
export function* startScanRecord(
  tenant: TenantId,
  action: { id: string; machineId: string },
  context: WriteContext,
): WriteSteps<void> {
  yield* run(
    insertScan(context.dialect, {
      tenant,
      action: action.id,
      machine: action.machineId,
      attempts: 0,
      last_event: 0,
      accepted_at: null,
      started_at: null,
      ended_at: null,
      progress: null,
      report: null,
      reported_late: 0,
      absences: 0,
      stop_ordered_at: null,
      stop_proven_at: null,
      stop_proof: null,
      stopped_within_ms: null,
    }),
  )
}

const insertScan = prepare((db: Kysely<ScanTables>, scan: ScanRow) => db.insertInto('scan').values(scan))

/** From now on the machine owes the proof that its engine does nothing for this scan. */
export function* orderStop(tenant: TenantId, action: string, context: WriteContext): WriteSteps<void> {
  yield* run(
    tables<ScanTables>(context.dialect)
      .updateTable('scan')
      .set({ stop_ordered_at: context.at })
      .where('tenant', '=', tenant)
      .where('action', '=', action),
  )
}
