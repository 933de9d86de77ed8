import { type Clock, MAX_TOP, type TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { type ApplicationService, applicationService } from './application/index.ts'
import { type DetectionService, detectionService } from './detection/index.ts'
import { type EnrollmentService, enrollmentService } from './enrollment/index.ts'
import type { Bus } from './kit/bus.ts'
import type { HttpServerOptions, Origins } from './kit/http/index.ts'
import { type MachineService, machineService } from './machine/index.ts'
import {
  type FleetEventService,
  fleetEventService,
  type MachineActionService,
  machineActionService,
} from './machine-action/index.ts'
import { authenticator, type TokenIssuer, tokenIssuer } from './oauth/index.ts'
import type { Principal } from './principal/index.ts'
import { type ScanService, scanService } from './scan/index.ts'
import type { SigningKeys } from './signing-key/index.ts'
import type { Stores } from './stores.ts'
import { SecurityEpochs, type TenantService, tenantService } from './tenant/index.ts'
import type { ServerTls } from './tls/index.ts'

/** What operations may ask for. */
export type Services = {
  applications: ApplicationService
  authenticate: HttpServerOptions<Principal, unknown>['authenticate']
  clock: Clock
  detections: DetectionService
  enrollment: EnrollmentService
  fleetEvents: FleetEventService
  machineActions: MachineActionService
  machines: MachineService
  scans: ScanService
  signingKeys: SigningKeys
  tenants: TenantService
  tokenIssuer: TokenIssuer
}

type Parts = {
  stores: Stores
  signingKeys: SigningKeys
  origins: Origins
  clock: Clock
  newId: () => string
  randomBytes: (size: number) => Buffer
  bus: Bus
  logger: Logger
  serverId: string
  localCa: ServerTls['localCa']
  /** How long a machine action may stay `Pending`. */
  pendingMs: number
}

/** Puts the services together. */
export function composeServices(parts: Parts): Services {
  const { stores, signingKeys, clock } = parts
  const storesOf = (tenant: TenantId) => stores.forTenant(tenant)
  const applicationsOf = (tenant: TenantId) => storesOf(tenant).applications
  const machineActionsOf = (tenant: TenantId) => storesOf(tenant).machineActions
  const machinesOf = (tenant: TenantId) => storesOf(tenant).machines
  const securityEpochs = new SecurityEpochs({ read: (tenant) => stores.tenants.securityEpoch(tenant), clock })
  parts.bus.subscribe((hint) => {
    if (hint.topic === 'securityEpoch') securityEpochs.forget(hint.tenant as TenantId)
  })
  const machines = machineService({ machinesOf, clock, pageSize: MAX_TOP })
  return {
    applications: applicationService({ ...parts, applicationsOf }),
    authenticate: authenticator({
      ...parts,
      applicationsOf,
      usersOf: (tenant) => storesOf(tenant).users,
      isSignedIn: async () => true,
      securityEpochs,
    }),
    clock,
    detections: detectionService({ detectionsOf: (tenant) => storesOf(tenant).detections }),
    enrollment: enrollmentService({
      ...parts,
      tenants: stores.tenants,
      enrollmentOf: (tenant) => storesOf(tenant).enrollment,
    }),
    fleetEvents: fleetEventService({ ...parts, machineActionsOf, machinesOf }),
    machineActions: machineActionService({ ...parts, machineActionsOf, machines, pageSize: MAX_TOP }),
    machines,
    scans: scanService({ storesOf, clock }),
    signingKeys,
    tenants: tenantService(stores),
    tokenIssuer: tokenIssuer({
      ...parts,
      tenants: stores.tenants,
      applicationsOf,
      newTokenId: parts.newId,
    }),
  }
}
