import type { Instant, KeptFile, MachineId, QuarantineState } from '@fleetsweep/protocol'
import type { Reach } from '../principal/index.ts'
import type { TellingMachine } from './quarantine-writes.ts'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

/**
 * Files that the machines of one tenant say they keep. What scans and tasks tell of them is written with those, see
 * `noteQuarantined`.
 */
export interface QuarantineStore {
  /**
   * Takes a machine's word about files that people at it had taken, and about files that were given back. Told again,
   * it changes nothing. One machine can add 10,000 files in this way; what it tells beyond that is left out.
   */
  takeWord(machine: TellingMachine, files: readonly KeptFile[]): Promise<void>

  /** Those on machines within reach, newest first; `after` is the last row of the page before. */
  list(
    query: {
      machineId?: MachineId
      state?: QuarantineState
      after?: { quarantinedAt: Instant; id: string }
      limit: number
    },
    reach: Reach,
  ): Promise<StoredQuarantinedFile[]>

  /** `undefined` when the tenant has no such file, or its machine is out of reach. @param id in lower case */
  findWithin(id: string, reach: Reach): Promise<StoredQuarantinedFile | undefined>
}
