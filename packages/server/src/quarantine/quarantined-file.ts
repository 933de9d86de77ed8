import type { FilePath, Instant, MachineId, QuarantineCause, QuarantineState } from '@fleetsweep/protocol'

/** A file in the quarantine of a machine, as the server keeps it. */
export type StoredQuarantinedFile = {
  /** The machine's own id of it, in lower case. */
  id: string
  machineId: MachineId
  /** The machine's name today; null when it is gone. */
  computerDnsName: string | null
  detectionId: string | null
  cause: QuarantineCause
  state: QuarantineState
  path: FilePath
  threatName: string
  sha256: string | null
  sizeBytes: number
  /** When the server learned of it. */
  quarantinedAt: Instant
  restoredAt: Instant | null
  /** Why it could not be given back; null unless the state is `failed`. */
  failure: string | null
}
