import type { TenantId } from '@fleetsweep/protocol'
import { type AlertStore, sqlAlertStore } from './alert/index.ts'
import { type AntivirusInfoStore, sqlAntivirusInfoStore } from './antivirus-info/index.ts'
import { type ApplicationStore, sqlApplicationStore } from './application/index.ts'
import { type BlobStore, type OldAttachments, sqlBlobStore, sqlOldAttachments } from './attachment/index.ts'
import { type AuditBacklog, type AuditStore, sqlAuditBacklog, sqlAuditStore } from './audit/index.ts'
import { type DetectionStore, sqlDetectionStore } from './detection/index.ts'
import { type DeviceGroupStore, sqlDeviceGroupStore } from './device-group/index.ts'
import { type EnrollmentStore, sqlEnrollmentStore } from './enrollment/index.ts'
import type { Database } from './kit/db/database.ts'
import { type MachineStore, type OldAddresses, sqlMachineStore, sqlOldAddresses } from './machine/index.ts'
import {
  type MachineActionStore,
  type MachineActionTimeouts,
  type OldIdempotencyKeys,
  sqlMachineActionStore,
  sqlMachineActionTimeouts,
  sqlOldIdempotencyKeys,
} from './machine-action/index.ts'
import {
  type MachineTaskStore,
  type MachineTaskTimeouts,
  sqlMachineTaskStore,
  sqlMachineTaskTimeouts,
} from './machine-task/index.ts'
import { type CallCountStore, sqlCallCountStore } from './principal/index.ts'
import { type QuarantineStore, sqlQuarantineStore } from './quarantine/index.ts'
import { type RoleStore, sqlRoleStore } from './role/index.ts'
import { type ScanStore, sqlScanStore } from './scan/index.ts'
import { type ScanPolicyStore, sqlScanPolicyStore } from './scan-policy/index.ts'
import {
  type ArtifactStore,
  type CredentialStore,
  type ExpiredArtifacts,
  type SignInApplicationStore,
  type StaleThrottles,
  sqlArtifactStore,
  sqlCredentialStore,
  sqlExpiredArtifacts,
  sqlSignInApplicationStore,
  sqlStaleThrottles,
  sqlThrottleStore,
  type ThrottleStore,
} from './sign-in/index.ts'
import { type SigningKeyStore, sqlSigningKeyStore } from './signing-key/index.ts'
import { sqlTenantStore, type TenantStore } from './tenant/index.ts'
import { sqlUserStore, type UserStore } from './user/index.ts'
import { sqlUserGroupStore, type UserGroupStore } from './user-group/index.ts'
import { sqlWebhookOutbox, sqlWebhookStore, type WebhookOutbox, type WebhookStore } from './webhook/index.ts'

/** Everything that one tenant has. There is no way to a store but through its tenant. */
export type TenantStores = {
  antivirusInfo: AntivirusInfoStore
  alerts: AlertStore
  applications: ApplicationStore
  artifacts: ArtifactStore
  blobs: BlobStore
  credentials: CredentialStore
  audit: AuditStore
  detections: DetectionStore
  deviceGroups: DeviceGroupStore
  enrollment: EnrollmentStore
  machineActions: MachineActionStore
  machines: MachineStore
  machineTasks: MachineTaskStore
  quarantine: QuarantineStore
  roles: RoleStore
  scans: ScanStore
  scanPolicies: ScanPolicyStore
  signInApplications: SignInApplicationStore
  signingKeys: SigningKeyStore
  throttles: ThrottleStore
  userGroups: UserGroupStore
  users: UserStore
  webhooks: WebhookStore
}

export type Stores = {
  auditBacklog: AuditBacklog
  callCounts: CallCountStore
  forTenant(tenant: TenantId): TenantStores
  tenants: TenantStore
  timeouts: MachineActionTimeouts
  taskTimeouts: MachineTaskTimeouts
  expiredArtifacts: ExpiredArtifacts
  oldAddresses: OldAddresses
  oldAttachments: OldAttachments
  oldIdempotencyKeys: OldIdempotencyKeys
  staleThrottles: StaleThrottles
  webhookOutbox: WebhookOutbox
}

/** All stores over one database. `newId` names audit entries that no caller asked for. */
export function sqlStores(db: Database, newId: () => string): Stores {
  const known = new Map<TenantId, TenantStores>()
  return {
    auditBacklog: sqlAuditBacklog(db),
    callCounts: sqlCallCountStore(db),
    tenants: sqlTenantStore(db),
    timeouts: sqlMachineActionTimeouts(db, newId),
    taskTimeouts: sqlMachineTaskTimeouts(db),
    expiredArtifacts: sqlExpiredArtifacts(db),
    oldAddresses: sqlOldAddresses(db),
    oldAttachments: sqlOldAttachments(db),
    oldIdempotencyKeys: sqlOldIdempotencyKeys(db),
    staleThrottles: sqlStaleThrottles(db),
    webhookOutbox: sqlWebhookOutbox(db),
    forTenant(tenant) {
      const stores = known.get(tenant) ?? {
        antivirusInfo: sqlAntivirusInfoStore(db, tenant),
        alerts: sqlAlertStore(db, tenant),
        applications: sqlApplicationStore(db, tenant),
        artifacts: sqlArtifactStore(db, tenant),
        blobs: sqlBlobStore(db, tenant),
        credentials: sqlCredentialStore(db, tenant),
        audit: sqlAuditStore(db, tenant),
        detections: sqlDetectionStore(db, tenant),
        deviceGroups: sqlDeviceGroupStore(db, tenant),
        enrollment: sqlEnrollmentStore(db, tenant),
        machineActions: sqlMachineActionStore(db, tenant),
        machines: sqlMachineStore(db, tenant),
        machineTasks: sqlMachineTaskStore(db, tenant),
        quarantine: sqlQuarantineStore(db, tenant),
        roles: sqlRoleStore(db, tenant),
        scans: sqlScanStore(db, tenant),
        scanPolicies: sqlScanPolicyStore(db, tenant),
        signInApplications: sqlSignInApplicationStore(db, tenant),
        signingKeys: sqlSigningKeyStore(db, tenant),
        throttles: sqlThrottleStore(db, tenant),
        userGroups: sqlUserGroupStore(db, tenant),
        users: sqlUserStore(db, tenant),
        webhooks: sqlWebhookStore(db, tenant),
      }
      known.set(tenant, stores)
      return stores
    },
  }
}
