import type {
  Detection,
  EngineInfo,
  ScanProgress,
  ScanReport,
  ScanSettings,
  ScanType,
  StopProof,
} from '@fleetsweep/protocol'

/** What a scan is asked to do, and where it tells what it sees. */
export type ScanRequest = {
  actionId: string
  scanType: ScanType
  /** What a `Custom` scan looks at; empty for the others. */
  paths: readonly string[]
  settings: ScanSettings
  /** 1 for the first; one more each time that the agent was interrupted. */
  attempt: number
  /** Folder of this scan alone, mode 0700; its work list lives here and goes with it. */
  workDir: string
  /** Aborted by a stop order. */
  signal: AbortSignal
  onStarted: (engine: EngineInfo) => void
  onDetection: (detection: Detection) => void
  /** At most a few times a second. */
  onProgress: (progress: ScanProgress) => void
}

/** How a scan ended. A scan never throws for what happens on the machine; it says so here. */
export type ScanOutcome =
  | { kind: 'finished'; report: ScanReport }
  | { kind: 'failed'; reason: string; report: ScanReport | null }
  | { kind: 'stopped'; proof: StopProof; stoppedWithinMs: number; report: ScanReport | null }

/** Runs scans with one engine; made by `createScanRunner`. */
export type ScanRunner = (request: ScanRequest) => Promise<ScanOutcome>
