import type { AlertId, Detection, Instant, MachineActionId, MachineId } from '@fleetsweep/protocol'
import type { Reach } from '../principal/index.ts'

/** A detection as the server keeps it. */
export type StoredDetection = {
  id: string
  actionId: MachineActionId
  machineId: MachineId
  /** The machine's name today; null when it is gone. */
  computerDnsName: string | null
  /** Null when it was found before there were alerts. */
  alertId: AlertId | null
  attempt: number
  detectedAt: Instant
  detection: Detection
}

export interface DetectionStore {
  /** Those on machines within reach, newest first; `after` is the last row of the page before. */
  list(
    query: {
      actionId?: MachineActionId
      machineId?: MachineId
      after?: { detectedAt: Instant; id: string }
      limit: number
    },
    reach: Reach,
  ): Promise<StoredDetection[]>

  /** `undefined` when the tenant has no such detection, or its machine is out of reach. */
  findWithin(id: string, reach: Reach): Promise<StoredDetection | undefined>
}
