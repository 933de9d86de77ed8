import type { Instant, MachineId, QuarantineState } from '@fleetsweep/protocol'
import type { Reach } from '../principal/index.ts'
import type { StoredQuarantinedFile } from './quarantined-file.ts'

/** Files that the machines of one tenant say they keep. They are written with what machines tell, see `noteQuarantined`. */
export interface QuarantineStore {
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
