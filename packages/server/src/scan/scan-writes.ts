import type { TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { readPaths, type ScanRow, type ScanTables } from './scan-row.ts'

/** What was asked for, beyond what a machine action can say. */
export type AskedScan = { paths: readonly string[] | null; rescan: boolean }

/** Opens the record of a scan, in the transaction that creates its machine action. */
export function* startScanRecord(
  tenant: TenantId,
  action: { id: string; machineId: string },
  { paths, rescan }: AskedScan,
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
      paths: paths === null ? null : JSON.stringify(paths),
      rescan: rescan ? 1 : 0,
      settings: null,
      checkpoint_at: null,
    }),
  )
}

const insertScan = prepare((db: Kysely<ScanTables>, scan: ScanRow) => db.insertInto('scan').values(scan))

/** What was asked for in a scan that is there. */
export function* readAskedScan(
  tenant: TenantId,
  action: string,
  { dialect }: WriteContext,
): WriteSteps<AskedScan> {
  const [row] = yield* run(
    tables<ScanTables>(dialect)
      .selectFrom('scan')
      .select(['paths', 'rescan'])
      .where('tenant', '=', tenant)
      .where('action', '=', action),
  )
  return { paths: readPaths(row?.paths ?? null), rescan: row?.rescan === 1 }
}

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
