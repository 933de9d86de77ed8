import type {
  AvScanResult,
  Inventory,
  MachineActionStatus,
  MachineId,
  ScanType,
  TenantId,
} from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { type AntivirusInfoRow, type AntivirusInfoTables, antivirusColumns } from './antivirus-info-row.ts'

/** Part of every write that takes a machine's inventory: keeps what it says of its antivirus. */
export function* noteInventory(
  tenant: TenantId,
  machine: MachineId,
  inventory: Inventory,
  context: WriteContext,
): WriteSteps<void> {
  const row = { tenant, machine, refreshed_at: context.at, ...antivirusColumns(inventory) }
  yield* run(upsertInventory(context.dialect, row))
}

type InventoryRow = Omit<AntivirusInfoRow, 'signatures_changed_at' | `${'quick' | 'full'}_scan_${string}`>

const upsertInventory = prepare((db: Kysely<AntivirusInfoTables>, row: InventoryRow) =>
  db
    .insertInto('antivirus_info')
    .values({ ...row, ...NO_SCANS, signatures_changed_at: null })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'machine']).doUpdateSet(({ ref }) => ({
        refreshed_at: ref('excluded.refreshed_at'),
        os_kind: ref('excluded.os_kind'),
        os_platform: ref('excluded.os_platform'),
        os_version: ref('excluded.os_version'),
        engine_state: ref('excluded.engine_state'),
        engine_mode: ref('excluded.engine_mode'),
        engine_version: ref('excluded.engine_version'),
        signature_identity: ref('excluded.signature_identity'),
        signature_version: ref('excluded.signature_version'),
        signatures_official: ref('excluded.signatures_official'),
        signatures_built_at: ref('excluded.signatures_built_at'),
        signatures_changed_at: sql<number | null>`case
          when excluded.signature_identity is null then null
          when excluded.signature_identity = antivirus_info.signature_identity then antivirus_info.signatures_changed_at
          else excluded.refreshed_at end`,
      })),
    ),
)

const NO_SCANS = {
  quick_scan_result: '',
  quick_scan_error: '',
  quick_scan_ended_at: null,
  full_scan_result: '',
  full_scan_error: '',
  full_scan_ended_at: null,
}

/** Nobody can tell how a scan ended whose machine fell silent: it has failed to finish. */
const RESULTS: Readonly<Partial<Record<MachineActionStatus, AvScanResult>>> = {
  Succeeded: 'Completed',
  Failed: 'Failed',
  TimeOut: 'Failed',
  Cancelled: 'Canceled',
}

/** Part of the move that ends a scan which its machine had taken; one that never reached it is no scan of it. */
export function* noteScanEnd(
  tenant: TenantId,
  scan: { machineId: MachineId; scanType: ScanType; status: MachineActionStatus; errorHResult: number },
  context: WriteContext,
): WriteSteps<void> {
  const result = RESULTS[scan.status]
  // This list of Microsoft's knows quick and full scans only.
  if (scan.scanType === 'Custom') return
  if (result === undefined) throw new Error(`A scan does not end as ${scan.status}.`)
  const end = { tenant, machine: scan.machineId, result, error: hexOf(scan.errorHResult), at: context.at }
  yield* run(updateScan[scan.scanType](context.dialect, end))
}

/** An HRESULT as this list of Microsoft's writes it: `0x80004005`, and nothing where nothing went wrong. */
function hexOf(hresult: number): string {
  return hresult === 0 ? '' : `0x${(hresult >>> 0).toString(16).padStart(8, '0')}`
}

type End = { tenant: string; machine: string; result: string; error: string; at: number }

const updateScan = {
  Quick: prepare((db: Kysely<AntivirusInfoTables>, { tenant, machine, result, error, at }: End) =>
    db
      .updateTable('antivirus_info')
      .set({
        quick_scan_result: result,
        quick_scan_error: error,
        quick_scan_ended_at: at,
        refreshed_at: at,
      })
      .where('tenant', '=', tenant)
      .where('machine', '=', machine),
  ),
  Full: prepare((db: Kysely<AntivirusInfoTables>, { tenant, machine, result, error, at }: End) =>
    db
      .updateTable('antivirus_info')
      .set({ full_scan_result: result, full_scan_error: error, full_scan_ended_at: at, refreshed_at: at })
      .where('tenant', '=', tenant)
      .where('machine', '=', machine),
  ),
}
