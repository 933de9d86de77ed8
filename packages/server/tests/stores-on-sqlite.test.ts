import { describeAlertStore } from '../src/alert/alert-store.contract.ts'
import { describeAntivirusInfoStore } from '../src/antivirus-info/antivirus-info-store.contract.ts'
import { describeApplicationStore } from '../src/application/application-store.contract.ts'
import { describeBlobStore } from '../src/attachment/blob-store.contract.ts'
import { describeAuditChain } from '../src/audit/audit-chain.contract.ts'
import { describeAuditStore } from '../src/audit/audit-store.contract.ts'
import { describeDetectionStore } from '../src/detection/detection-store.contract.ts'
import { describeDeviceGroupStore } from '../src/device-group/device-group-store.contract.ts'
import { describeEnrollmentStore } from '../src/enrollment/enrollment-store.contract.ts'
import { describeDatabase } from '../src/kit/db/database.contract.ts'
import { describeMachineChanges } from '../src/machine/change-machines.contract.ts'
import { describeMachineAddresses } from '../src/machine/machine-addresses.contract.ts'
import { describeMachineStore } from '../src/machine/machine-store.contract.ts'
import { describeMachineActionStore } from '../src/machine-action/machine-action-store.contract.ts'
import { describeMachineTaskStore } from '../src/machine-task/machine-task-store.contract.ts'
import { describeCallCountStore } from '../src/principal/call-count-store.contract.ts'
import { describeQuarantineStore } from '../src/quarantine/quarantine-store.contract.ts'
import { describeRoleStore } from '../src/role/role-store.contract.ts'
import { describeScanStore } from '../src/scan/scan-store.contract.ts'
import { describeScanPolicyStore } from '../src/scan-policy/scan-policy-store.contract.ts'
import { describeArtifactStore } from '../src/sign-in/artifact-store.contract.ts'
import { describeCredentialStore } from '../src/sign-in/credential-store.contract.ts'
import { describeSignInApplicationStore } from '../src/sign-in/sign-in-application-store.contract.ts'
import { describeThrottleStore } from '../src/sign-in/throttle-store.contract.ts'
import { describeSigningKeyStore } from '../src/signing-key/signing-key-store.contract.ts'
import { describeTenantStore } from '../src/tenant/tenant-store.contract.ts'
import { describeUserStore } from '../src/user/user-store.contract.ts'
import { describeUserGroupStore } from '../src/user-group/user-group-store.contract.ts'
import { describeWebhookStore } from '../src/webhook/webhook-store.contract.ts'
import { openSqliteBackend } from './stores/backends.ts'

describeDatabase('SQLite', openSqliteBackend)
describeAntivirusInfoStore('SQLite', openSqliteBackend)
describeAlertStore('SQLite', openSqliteBackend)
describeApplicationStore('SQLite', openSqliteBackend)
describeAuditChain('SQLite', openSqliteBackend)
describeAuditStore('SQLite', openSqliteBackend)
describeCallCountStore('SQLite', openSqliteBackend)
describeDetectionStore('SQLite', openSqliteBackend)
describeEnrollmentStore('SQLite', openSqliteBackend)
describeMachineStore('SQLite', openSqliteBackend)
describeMachineAddresses('SQLite', openSqliteBackend)
describeMachineChanges('SQLite', openSqliteBackend)
describeMachineActionStore('SQLite', openSqliteBackend)
describeMachineTaskStore('SQLite', openSqliteBackend)
describeQuarantineStore('SQLite', openSqliteBackend)
describeScanStore('SQLite', openSqliteBackend)
describeBlobStore('SQLite', openSqliteBackend)
describeScanPolicyStore('SQLite', openSqliteBackend)
describeSigningKeyStore('SQLite', openSqliteBackend)
describeTenantStore('SQLite', openSqliteBackend)
describeArtifactStore('SQLite', openSqliteBackend)
describeCredentialStore('SQLite', openSqliteBackend)
describeSignInApplicationStore('SQLite', openSqliteBackend)
describeThrottleStore('SQLite', openSqliteBackend)
describeDeviceGroupStore('SQLite', openSqliteBackend)
describeRoleStore('SQLite', openSqliteBackend)
describeUserStore('SQLite', openSqliteBackend)
describeUserGroupStore('SQLite', openSqliteBackend)
describeWebhookStore('SQLite', openSqliteBackend)
