import type { Instant, MachineActionId, MachineActionStatus, MachineId, ScanType } from '@fleetsweep/protocol'

/** A machine action as the server keeps it. */
export type StoredMachineAction = {
  id: MachineActionId
  type: 'RunAntiVirusScan'
  machineId: MachineId
  computerDnsName: string
  requestor: string
  requestorComment: string
  status: MachineActionStatus
  scanType: ScanType
  externalId: string | null
  requestSource: 'PublicApi' | 'Portal'
  createdAt: Instant
  updatedAt: Instant
  cancellation: { requestor: string; comment: string | null; at: Instant } | null
  errorHResult: number
  troubleshootInfo: string | null
  /** When it ends as `TimeOut` unless a word about it comes first. */
  expiresAt: Instant
}

/** How long an action waits for its machine, and for a word about it, before it ends as `TimeOut`. */
export const DEFAULT_TIME_OUT_MS = 72 * 3_600_000
