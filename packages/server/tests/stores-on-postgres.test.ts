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
import { openPostgresBackend } from './stores/backends.ts'

describeDatabase('PostgreSQL', openPostgresBackend)
describeAntivirusInfoStore('PostgreSQL', openPostgresBackend)
describeAlertStore('PostgreSQL', openPostgresBackend)
describeApplicationStore('PostgreSQL', openPostgresBackend)
describeAuditChain('PostgreSQL', openPostgresBackend)
describeAuditStore('PostgreSQL', openPostgresBackend)
describeCallCountStore('PostgreSQL', openPostgresBackend)
describeDetectionStore('PostgreSQL', openPostgresBackend)
describeEnrollmentStore('PostgreSQL', openPostgresBackend)
describeMachineStore('PostgreSQL', openPostgresBackend)
describeMachineAddresses('PostgreSQL', openPostgresBackend)
describeMachineChanges('PostgreSQL', openPostgresBackend)
describeMachineActionStore('PostgreSQL', openPostgresBackend)
describeMachineTaskStore('PostgreSQL', openPostgresBackend)
describeQuarantineStore('PostgreSQL', openPostgresBackend)
describeScanStore('PostgreSQL', openPostgresBackend)
describeBlobStore('PostgreSQL', openPostgresBackend)
describeScanPolicyStore('PostgreSQL', openPostgresBackend)
describeSigningKeyStore('PostgreSQL', openPostgresBackend)
describeTenantStore('PostgreSQL', openPostgresBackend)
describeArtifactStore('PostgreSQL', openPostgresBackend)
describeCredentialStore('PostgreSQL', openPostgresBackend)
describeSignInApplicationStore('PostgreSQL', openPostgresBackend)
describeThrottleStore('PostgreSQL', openPostgresBackend)
describeDeviceGroupStore('PostgreSQL', openPostgresBackend)
describeRoleStore('PostgreSQL', openPostgresBackend)
describeUserStore('PostgreSQL', openPostgresBackend)
describeUserGroupStore('PostgreSQL', openPostgresBackend)
describeWebhookStore('PostgreSQL', openPostgresBackend)
