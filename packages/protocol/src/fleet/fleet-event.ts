import { type Static, Type } from 'typebox'
import { MachineAction } from '../api/machine-action.ts'
import { ScanProgress } from '../scan/scan-progress.ts'

/** What `GET /fleet/v1/events` sends, as `data:` of server-sent events named by `type`. */
export const FleetEvent = Type.Union([
  /** A machine action was created or moved. */
  Type.Object({ type: Type.Literal('machineAction'), machineAction: MachineAction }),
  Type.Object({ type: Type.Literal('scanProgress'), actionId: Type.String(), progress: ScanProgress }),
])
export type FleetEvent = Static<typeof FleetEvent>
