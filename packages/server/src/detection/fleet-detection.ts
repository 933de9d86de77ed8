import { type FleetDetection, formatInstant } from '@fleetsweep/protocol'
import type { StoredDetection } from './detection-store.ts'

/** A detection as the Fleet API shows it. */
export function fleetDetection(stored: StoredDetection): FleetDetection {
  return {
    id: stored.id,
    actionId: stored.actionId,
    alertId: stored.alertId,
    machineId: stored.machineId,
    computerDnsName: stored.computerDnsName,
    detectedAt: formatInstant(stored.detectedAt),
    ...stored.detection,
  }
}
