import type { ApplicationId, Clock, TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { AgentPackages } from './agent-package/index.ts'
import { type AlertService, alertService } from './alert/index.ts'
import { type AntivirusInfoService, antivirusInfoService } from './antivirus-info/index.ts'
import {
  type ApiDescriptionService,
  apiDescriptionService,
  type NamedOperation,
} from './api-description/index.ts'
import { type ApplicationService, applicationService, CredentialUses } from './application/index.ts'
import { type AttachmentQuotas, type AttachmentService, attachmentService } from './attachment/index.ts'
import { type AuditService, auditService } from './audit/index.ts'
import type { ExternalIssuer } from './config/index.ts'
import { type DetectionService, detectionService } from './detection/index.ts'
import { type DeviceGroupService, deviceGroupService } from './device-group/index.ts'
import { type EnrollmentService, enrollmentService } from './enrollment/index.ts'
import { ExternalTokens } from './external-issuer/index.ts'
import type { Bus } from './kit/bus.ts'
import type { HttpServerOptions, Origins } from './kit/http/index.ts'
import { type MachineService, machineService } from './machine/index.ts'
import {
  ActionWaits,
  type FleetEventService,
  fleetEventService,
  type MachineActionService,
  machineActionService,
} from './machine-action/index.ts'
import { type MachineTaskService, machineTaskService } from './machine-task/index.ts'
import {
  type AuthenticateClient,
  authenticator,
  clientAuthenticator,
  type TokenIssuer,
  tokenIssuer,
  type UserTokens,
} from './oauth/index.ts'
import type { Principal } from './principal/index.ts'
import { type QuarantineService, quarantineService } from './quarantine/index.ts'
import { type RoleService, roleService } from './role/index.ts'
import { type ScanService, scanService } from './scan/index.ts'
import { type ScanPolicyService, scanPolicyService } from './scan-policy/index.ts'
import {
  type DeviceSignIn,
  PasswordCheck,
  PasswordLinks,
  Providers,
  type SignInAdministration,
  type SignInService,
  SignIns,
  signInAdministration,
  signInClients,
  signInService,
  userTokens,
} from './sign-in/index.ts'
import {
  type SignatureMirror,
  type SignatureMirrorService,
  signatureMirrorService,
} from './signature-mirror/index.ts'
import { deriveKey, type SealingKey, type SigningKeys } from './signing-key/index.ts'
import type { Stores } from './stores.ts'
import { SecurityEpochs, type TenantService, tenantService } from './tenant/index.ts'
import type { ServerTls } from './tls/index.ts'
import { type UserService, userService } from './user/index.ts'
import { type UserGroupService, userGroupService } from './user-group/index.ts'
import {
  type WebhookSecrets,
  type WebhookService,
  type WebhookTargets,
  webhookService,
} from './webhook/index.ts'

/** What operations may ask for. */
export type Services = {
  agentPackages: AgentPackages
  apiDescription: ApiDescriptionService
  actionWaits: ActionWaits
  antivirusInfo: AntivirusInfoService
  alerts: AlertService
  applications: ApplicationService
  attachments: AttachmentService
  audit: AuditService
  authenticate: HttpServerOptions<Principal, unknown>['authenticate']
  clock: Clock
  credentialUses: CredentialUses
  detections: DetectionService
  deviceGroups: DeviceGroupService
  deviceSignIn: DeviceSignIn
  enrollment: EnrollmentService
  fleetEvents: FleetEventService
  machineActions: MachineActionService
  machines: MachineService
  machineTasks: MachineTaskService
  quarantine: QuarantineService
  roles: RoleService
  scans: ScanService
  scanPolicies: ScanPolicyService
  signIn: SignInService
  signatureMirror: SignatureMirrorService
  signInAdministration: SignInAdministration
  signingKeys: SigningKeys
  tenants: TenantService
  tokenIssuer: TokenIssuer
  userGroups: UserGroupService
  users: UserService
  userTokens: UserTokens
  webhooks: WebhookService
}

type Parts = {
  agentPackages: AgentPackages
  /** What there is to describe. */
  operations: readonly NamedOperation[]
  stores: Stores
  signingKeys: SigningKeys
  sealingKey: SealingKey
  origins: Origins
  clock: Clock
  newId: () => string
  randomBytes: (size: number) => Buffer
  bus: Bus
  logger: Logger
  serverId: string
  localCa: ServerTls['localCa']
  /** Null where this server is none. */
  signatureMirror: SignatureMirror | null
  externalIssuers: readonly ExternalIssuer[]
  attachmentQuotas: AttachmentQuotas
  /** How long a machine action may stay `Pending`. */
  pendingMs: number
  /** Most entries of one page of a list in the Defender API. */
  pageSize: number
  webhookSecrets: WebhookSecrets
  webhookTargets: WebhookTargets
}

/** Puts the services together. */
export function composeServices(parts: Parts): Services {
  const { stores, signingKeys, clock } = parts
  const storesOf = (tenant: TenantId) => stores.forTenant(tenant)
  const applicationsOf = (tenant: TenantId) => storesOf(tenant).applications
  const machineActionsOf = (tenant: TenantId) => storesOf(tenant).machineActions
  const machinesOf = (tenant: TenantId) => storesOf(tenant).machines
  const usersOf = (tenant: TenantId) => storesOf(tenant).users
  const securityEpochs = new SecurityEpochs({ read: (tenant) => stores.tenants.securityEpoch(tenant), clock })
  parts.bus.subscribe((hint) => {
    if (hint.topic === 'securityEpoch') securityEpochs.forget(hint.tenant as TenantId)
  })
  const credentialUses = new CredentialUses({ ...parts, applicationsOf })
  const tenants = tenantService(stores)
  const machines = machineService({ ...parts, machinesOf })
  const quarantine = quarantineService({ quarantineOf: (tenant) => storesOf(tenant).quarantine })
  const authenticateClient = clientAuthenticator({ ...parts, applicationsOf, uses: credentialUses })
  const issuer = tokenIssuer({
    ...parts,
    tenants: stores.tenants,
    authenticateClient,
    newTokenId: parts.newId,
  })
  const signIn = composeSignIn(parts, { getTenant: issuer.getTenant, authenticateClient })
  return {
    agentPackages: parts.agentPackages,
    apiDescription: apiDescriptionService({ ...parts, tenants }),
    // Listens after those who must have forgotten what was known of access by the time that it asks.
    actionWaits: new ActionWaits(parts),
    antivirusInfo: antivirusInfoService({
      antivirusInfoOf: (tenant) => storesOf(tenant).antivirusInfo,
      clock,
      pageSize: parts.pageSize,
    }),
    alerts: alertService({ ...parts, alertsOf: (tenant) => storesOf(tenant).alerts }),
    applications: applicationService({ ...parts, applicationsOf }),
    attachments: attachmentService({
      ...parts,
      tenants: stores.tenants,
      storesOf,
      quotas: parts.attachmentQuotas,
    }),
    audit: auditService({ auditOf: (tenant) => storesOf(tenant).audit, signingKeys, clock }),
    authenticate: authenticator({
      ...parts,
      applicationsOf,
      usersOf,
      isSignedIn: (tenant, session) => signIn.signIns.isSignedIn(tenant, session),
      delegatedScopesOf: signIn.delegatedScopesOf,
      externalTokens: new ExternalTokens(parts.externalIssuers, { ...parts, tenants: stores.tenants }),
      securityEpochs,
    }),
    clock,
    credentialUses,
    signatureMirror: signatureMirrorService(parts.signatureMirror),
    detections: detectionService({ detectionsOf: (tenant) => storesOf(tenant).detections }),
    deviceGroups: deviceGroupService({
      ...parts,
      deviceGroupsOf: (tenant) => storesOf(tenant).deviceGroups,
      machinesOf,
    }),
    deviceSignIn: signIn.userTokens,
    enrollment: enrollmentService({
      ...parts,
      tenants: stores.tenants,
      enrollmentOf: (tenant) => storesOf(tenant).enrollment,
    }),
    fleetEvents: fleetEventService({ ...parts, machineActionsOf, machinesOf }),
    machineActions: machineActionService({ ...parts, machineActionsOf, machines }),
    machines,
    machineTasks: machineTaskService({ ...parts, storesOf, machines, quarantine }),
    quarantine,
    roles: roleService({ ...parts, rolesOf: (tenant) => storesOf(tenant).roles }),
    scans: scanService({ storesOf, clock }),
    scanPolicies: scanPolicyService({
      ...parts,
      scanPoliciesOf: (tenant) => storesOf(tenant).scanPolicies,
    }),
    signIn: signIn.service,
    signInAdministration: signIn.administration,
    signingKeys,
    tenants,
    tokenIssuer: issuer,
    userGroups: userGroupService({ ...parts, userGroupsOf: (tenant) => storesOf(tenant).userGroups }),
    users: userService({ ...parts, usersOf }),
    userTokens: signIn.userTokens,
    webhooks: webhookService({
      ...parts,
      webhooksOf: (tenant) => storesOf(tenant).webhooks,
      secrets: parts.webhookSecrets,
      targets: parts.webhookTargets,
    }),
  }
}

/** Puts together how people sign in. */
function composeSignIn(
  parts: Parts,
  oauth: Pick<TokenIssuer, 'getTenant'> & { authenticateClient: AuthenticateClient },
) {
  const { stores, sealingKey } = parts
  const storesOf = (tenant: TenantId) => stores.forTenant(tenant)
  const dependencies = {
    ...parts,
    artifactsOf: (tenant: TenantId) => storesOf(tenant).artifacts,
    credentialsOf: (tenant: TenantId) => storesOf(tenant).credentials,
    throttlesOf: (tenant: TenantId) => storesOf(tenant).throttles,
    usersOf: (tenant: TenantId) => storesOf(tenant).users,
    applicationsOf: (tenant: TenantId) => storesOf(tenant).applications,
    signInApplicationsOf: (tenant: TenantId) => storesOf(tenant).signInApplications,
  }
  const signIns = new SignIns(dependencies)
  const passwords = new PasswordCheck({ ...dependencies, key: deriveKey(sealingKey, 'sign-in throttle') })
  const links = new PasswordLinks({ ...dependencies, passwords })
  const clients = signInClients(dependencies)
  const providers = new Providers({ ...dependencies, clients, signIns, passwords })
  return {
    signIns,
    delegatedScopesOf: async (tenant: TenantId, application: ApplicationId) =>
      (await clients.find(tenant, application, parts.origins.own))?.scopes,
    service: signInService({ ...parts, ...oauth, providers, links }),
    userTokens: userTokens({ ...dependencies, ...oauth, clients, providers }),
    administration: signInAdministration({ ...dependencies, links }),
  }
}
