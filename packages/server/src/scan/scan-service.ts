import {
  type Clock,
  conclusionOf,
  formatInstant,
  type Instant,
  type MachineActionId,
  type Scan,
  type TenantId,
} from '@fleetsweep/protocol'
import { type DetectionStore, fleetDetection } from '../detection/index.ts'
import type { MachineStore } from '../machine/index.ts'
import type { MachineActionStore, StoredMachineAction } from '../machine-action/index.ts'
import type { Principal } from '../principal/index.ts'
import type { ScanRecord } from './scan-record.ts'
import type { ScanStore } from './scan-store.ts'
import { waitingFor } from './waiting-for.ts'

/** The newest of a scan's detections travel with it; the rest is a page of their own away. */
const DETECTIONS_WITH_SCAN = 200

export type ScanService = {
  /** All that is known of a scan. `undefined` when there is none of that id, or its machine is out of reach. */
  find(principal: Principal, id: MachineActionId): Promise<Scan | undefined>
}

type TenantPart = {
  machineActions: MachineActionStore
  scans: ScanStore
  machines: MachineStore
  detections: DetectionStore
}

export function scanService(parts: {
  storesOf: (tenant: TenantId) => TenantPart
  clock: Clock
}): ScanService {
  return {
    async find(principal, id) {
      const stores = parts.storesOf(principal.tenant)
      const action = await stores.machineActions.findWithin(id, principal.reach)
      if (!action) return undefined
      const [scan, machine, detections, owed] = await Promise.all([
        stores.scans.find(id),
        stores.machines.find(action.machineId),
        stores.detections.list({ actionId: id, limit: DETECTIONS_WITH_SCAN }, principal.reach),
        stores.scans.listOwed(action.machineId),
      ])
      return {
        ...described(action, scan),
        waitingFor: waitingFor({ action, scan, machine, owed, now: parts.clock.now() }),
        detections: detections.map(fleetDetection),
      }
    },
  }
}

function described(
  action: StoredMachineAction,
  scan: ScanRecord | undefined,
): Omit<Scan, 'waitingFor' | 'detections'> {
  const endedAt = shown(scan?.endedAt)
  const report = scan?.report ?? null
  const { status } = action
  return {
    actionId: action.id,
    machineId: action.machineId,
    computerDnsName: action.computerDnsName,
    status,
    scanType: action.scanType,
    paths: scan?.paths ?? null,
    rescan: scan?.rescan ?? false,
    settings: scan?.settings ?? null,
    requestedAt: formatInstant(action.createdAt),
    acceptedAt: shown(scan?.acceptedAt),
    startedAt: shown(scan?.startedAt),
    endedAt,
    attempts: scan?.attempts ?? 0,
    progress: scan?.progress ?? null,
    report,
    reportedLate: scan?.reportedLate ?? false,
    conclusion: conclusionOf({ status, report, endedAt }),
    stop: scan?.stop
      ? {
          ...scan.stop,
          orderedAt: formatInstant(scan.stop.orderedAt),
          provenAt: shown(scan.stop.provenAt),
        }
      : null,
  }
}

function shown(instant: Instant | null | undefined): string | null {
  return instant === null || instant === undefined ? null : formatInstant(instant)
}
