import { setApplicationLimits } from './application/http/set-application-limits.ts'
import { listDetections } from './detection/http/list-detections.ts'
import { createEnrollmentToken } from './enrollment/http/create-enrollment-token.ts'
import { enroll } from './enrollment/http/enroll.ts'
import { getCaCertificate } from './enrollment/http/get-ca-certificate.ts'
import { listEnrollmentTokens } from './enrollment/http/list-enrollment-tokens.ts'
import { revokeEnrollmentToken } from './enrollment/http/revoke-enrollment-token.ts'
import type { Operation } from './kit/http/index.ts'
import { getMachine } from './machine/http/get-machine.ts'
import { countMachines, listMachines } from './machine/http/list-machines.ts'
import { cancelMachineAction } from './machine-action/http/cancel-machine-action.ts'
import { getMachineAction } from './machine-action/http/get-machine-action.ts'
import { countMachineActions, listMachineActions } from './machine-action/http/list-machine-actions.ts'
import { runAntivirusScan } from './machine-action/http/run-antivirus-scan.ts'
import { watchFleetEvents } from './machine-action/http/watch-fleet-events.ts'
import { configurationOperations, instanceDiscovery, jwksOperations } from './oauth/http/discovery.ts'
import { tokenOperations } from './oauth/http/token.ts'
import type { Principal } from './principal/index.ts'
import { getScan } from './scan/http/get-scan.ts'
import type { Services } from './services.ts'
import { getSignInInfo } from './tenant/http/get-sign-in-info.ts'

/** Every route of this server. */
export const operations: readonly Operation<Principal, Services>[] = [
  ...tokenOperations,
  ...configurationOperations,
  ...jwksOperations,
  instanceDiscovery,
  getSignInInfo,
  getMachine,
  listMachines,
  countMachines,
  runAntivirusScan,
  getMachineAction,
  listMachineActions,
  countMachineActions,
  cancelMachineAction,
  enroll,
  getCaCertificate,
  createEnrollmentToken,
  listEnrollmentTokens,
  revokeEnrollmentToken,
  getScan,
  listDetections,
  watchFleetEvents,
  setApplicationLimits,
]
