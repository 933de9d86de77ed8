import {
  FilePath,
  type Instant,
  type MachineId,
  type QuarantineCause,
  type QuarantineState,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

export type QuarantineTables = { quarantined_file: QuarantinedFileRow }

export type QuarantinedFileRow = {
  tenant: string
  id: string
  machine: string
  detection: string | null
  cause: string
  state: string
  /** JSON of a `FilePath`. */
  path: string
  threat_name: string
  sha256: string | null
  size_bytes: number
  quarantined_at: number
  restored_at: number | null
  failure: string | null
}

const pathSchema = Compile(FilePath)

/** The row's own words are trusted: only the writes of this folder put them there. */
export function toQuarantinedFile(
  row: QuarantinedFileRow & { computer_dns_name: string | null },
): StoredQuarantinedFile {
  return {
    id: row.id,
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    detectionId: row.detection,
    cause: row.cause as QuarantineCause,
    state: row.state as QuarantineState,
    path: pathSchema.Parse(JSON.parse(row.path)),
    threatName: row.threat_name,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    quarantinedAt: row.quarantined_at as Instant,
    restoredAt: row.restored_at as Instant | null,
    failure: row.failure,
  }
}
