import type { Clock } from '@fleetsweep/protocol'
import { setApplicationLimits } from './application/http/set-application-limits.ts'
import type { ApplicationService } from './application/index.ts'
import { listDetections } from './detection/http/list-detections.ts'
import type { DetectionService } from './detection/index.ts'
import type { HttpServerOptions, Operation } from './kit/http/index.ts'
import { getMachine } from './machine/http/get-machine.ts'
import { countMachines, listMachines } from './machine/http/list-machines.ts'
import type { MachineService } from './machine/index.ts'
import { cancelMachineAction } from './machine-action/http/cancel-machine-action.ts'
import { getMachineAction } from './machine-action/http/get-machine-action.ts'
import { countMachineActions, listMachineActions } from './machine-action/http/list-machine-actions.ts'
import { runAntivirusScan } from './machine-action/http/run-antivirus-scan.ts'
import { watchFleetEvents } from './machine-action/http/watch-fleet-events.ts'
import type { FleetEventService, MachineActionService } from './machine-action/index.ts'
import { configurationOperations, instanceDiscovery, jwksOperations } from './oauth/http/discovery.ts'
import { tokenOperations } from './oauth/http/token.ts'
import type { TokenIssuer } from './oauth/index.ts'
import type { Principal } from './principal/index.ts'
import { getScan } from './scan/http/get-scan.ts'
import type { ScanService } from './scan/index.ts'
import type { SigningKeys } from './signing-key/index.ts'

/** What operations may ask for. */
export type Services = {
  applications: ApplicationService
  authenticate: HttpServerOptions<Principal, unknown>['authenticate']
  clock: Clock
  detections: DetectionService
  fleetEvents: FleetEventService
  machineActions: MachineActionService
  machines: MachineService
  scans: ScanService
  signingKeys: SigningKeys
  tokenIssuer: TokenIssuer
}

/** Every route of this server. */
export const operations: readonly Operation<Principal, Services>[] = [
  ...tokenOperations,
  ...configurationOperations,
  ...jwksOperations,
  instanceDiscovery,
  getMachine,
  listMachines,
  countMachines,
  runAntivirusScan,
  getMachineAction,
  listMachineActions,
  countMachineActions,
  cancelMachineAction,
  getScan,
  listDetections,
  watchFleetEvents,
  setApplicationLimits,
]
