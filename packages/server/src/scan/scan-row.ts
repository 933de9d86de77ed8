import type { Instant, MachineActionId, MachineId, StopProof } from '@fleetsweep/protocol'
import { ScanProgress, ScanReport, ScanSettings } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ScanRecord } from './scan-record.ts'

export type ScanTables = { scan: ScanRow }

export type ScanRow = {
  tenant: string
  action: string
  machine: string
  attempts: number
  last_event: number
  accepted_at: number | null
  started_at: number | null
  ended_at: number | null
  progress: string | null
  report: string | null
  reported_late: number
  absences: number
  stop_ordered_at: number | null
  stop_proven_at: number | null
  stop_proof: string | null
  stopped_within_ms: number | null
  /** JSON; null unless the scan is `Custom`. */
  paths: string | null
  rescan: number
  /** JSON; null until the order first goes out. */
  settings: string | null
  /** When the machine first told of files that it need not read again; null for a scan that would begin anew. */
  checkpoint_at: number | null
}

const progressSchema = Compile(ScanProgress)
const reportSchema = Compile(ScanReport)
const settingsSchema = Compile(ScanSettings)
const pathsSchema = Compile(Type.Array(Type.String()))

export function readProgress(text: string): ScanProgress {
  return progressSchema.Parse(JSON.parse(text))
}

export function readPaths(text: string | null): string[] | null {
  return text === null ? null : pathsSchema.Parse(JSON.parse(text))
}

export function readSettings(text: string): ScanSettings {
  return settingsSchema.Parse(JSON.parse(text))
}

/** @throws Error when stored JSON does not fit its schema, which only a change from outside can cause */
export function toScanRecord(row: ScanRow): ScanRecord {
  return {
    actionId: row.action as MachineActionId,
    machineId: row.machine as MachineId,
    attempts: row.attempts,
    lastEvent: row.last_event,
    acceptedAt: row.accepted_at as Instant | null,
    startedAt: row.started_at as Instant | null,
    endedAt: row.ended_at as Instant | null,
    progress: row.progress === null ? null : readProgress(row.progress),
    report: row.report === null ? null : reportSchema.Parse(JSON.parse(row.report)),
    reportedLate: row.reported_late === 1,
    paths: readPaths(row.paths),
    rescan: row.rescan === 1,
    settings: row.settings === null ? null : readSettings(row.settings),
    stop:
      row.stop_ordered_at === null
        ? null
        : {
            orderedAt: row.stop_ordered_at as Instant,
            provenAt: row.stop_proven_at as Instant | null,
            proof: row.stop_proof as StopProof | null,
            stoppedWithinMs: row.stopped_within_ms,
          },
  }
}
