import type {
  Instant,
  MachineActionId,
  MachineId,
  ScanProgress,
  ScanReport,
  ScanSettings,
  StopProof,
} from '@fleetsweep/protocol'

/** What a machine told of one scan: all that a machine action cannot say. */
export type ScanRecord = {
  actionId: MachineActionId
  machineId: MachineId
  /** 0 until the machine starts. */
  attempts: number
  /** Number of the newest event that is on disk; events arrive without gaps. */
  lastEvent: number
  acceptedAt: Instant | null
  startedAt: Instant | null
  /** When the machine's own last word came, whatever the action said by then. */
  endedAt: Instant | null
  progress: ScanProgress | null
  report: ScanReport | null
  reportedLate: boolean
  /** What a `Custom` scan looks at; null for the others. */
  paths: string[] | null
  rescan: boolean
  /** What the machine was told; null until the order first goes out. */
  settings: ScanSettings | null
  stop: {
    orderedAt: Instant
    provenAt: Instant | null
    proof: StopProof | null
    stoppedWithinMs: number | null
  } | null
}
