import { getAgentPackage } from './agent-package/http/get-agent-package.ts'
import { getInstallScript } from './agent-package/http/get-install-script.ts'
import { getAlert } from './alert/http/get-alert.ts'
import { getAlertMachine } from './alert/http/get-alert-machine.ts'
import { countAlerts, listAlerts } from './alert/http/list-alerts.ts'
import { countMachineAlerts, listMachineAlerts } from './alert/http/list-machine-alerts.ts'
import { updateAlert } from './alert/http/update-alert.ts'
import { antivirusInfoOperations } from './antivirus-info/http/list-device-av-info.ts'
import { getApiDescription } from './api-description/http/get-api-description.ts'
import { addCertificate } from './application/http/add-certificate.ts'
import { addSecret } from './application/http/add-secret.ts'
import { changeApplication } from './application/http/change-application.ts'
import { createApplication } from './application/http/create-application.ts'
import { deleteApplication } from './application/http/delete-application.ts'
import { getApplication } from './application/http/get-application.ts'
import { listApplications } from './application/http/list-applications.ts'
import { revokeCredentialOperations } from './application/http/revoke-credential.ts'
import { setApplicationLimits } from './application/http/set-application-limits.ts'
import { getNotScanned } from './attachment/http/get-not-scanned.ts'
import { getAttachmentState, sendAttachment } from './attachment/http/send-attachment.ts'
import { listAudit } from './audit/http/list-audit.ts'
import { verifyAudit } from './audit/http/verify-audit.ts'
import { listDetections } from './detection/http/list-detections.ts'
import { changeDeviceGroup } from './device-group/http/change-device-group.ts'
import { createDeviceGroup } from './device-group/http/create-device-group.ts'
import { deleteDeviceGroup } from './device-group/http/delete-device-group.ts'
import { getDeviceGroup } from './device-group/http/get-device-group.ts'
import { listDeviceGroups } from './device-group/http/list-device-groups.ts'
import { orderDeviceGroups } from './device-group/http/order-device-groups.ts'
import { previewDeviceGroup } from './device-group/http/preview-device-group.ts'
import { createEnrollmentToken } from './enrollment/http/create-enrollment-token.ts'
import { enroll } from './enrollment/http/enroll.ts'
import { getCaCertificate } from './enrollment/http/get-ca-certificate.ts'
import { listEnrollmentTokens } from './enrollment/http/list-enrollment-tokens.ts'
import { revokeEnrollmentToken } from './enrollment/http/revoke-enrollment-token.ts'
import type { Operation } from './kit/http/index.ts'
import { findMachinesByIp } from './machine/http/find-machines-by-ip.ts'
import { findMachinesByTag } from './machine/http/find-machines-by-tag.ts'
import { getMachine } from './machine/http/get-machine.ts'
import { listEngines } from './machine/http/list-engines.ts'
import { countMachines, listMachines } from './machine/http/list-machines.ts'
import { setDeviceValue } from './machine/http/set-device-value.ts'
import { tagMachine } from './machine/http/tag-machine.ts'
import { tagMachines } from './machine/http/tag-machines.ts'
import { updateMachine } from './machine/http/update-machine.ts'
import { cancelMachineAction } from './machine-action/http/cancel-machine-action.ts'
import { getFleetMachineAction } from './machine-action/http/get-fleet-machine-action.ts'
import { getMachineAction } from './machine-action/http/get-machine-action.ts'
import { countMachineActions, listMachineActions } from './machine-action/http/list-machine-actions.ts'
import { requestScan } from './machine-action/http/request-scan.ts'
import { runAntivirusScan } from './machine-action/http/run-antivirus-scan.ts'
import { watchFleetEvents } from './machine-action/http/watch-fleet-events.ts'
import { getMachineTask } from './machine-task/http/get-machine-task.ts'
import { listMachineTasks } from './machine-task/http/list-machine-tasks.ts'
import { quarantineDetection } from './machine-task/http/quarantine-detection.ts'
import { restoreQuarantinedFile } from './machine-task/http/restore-quarantined-file.ts'
import { updateSignatures } from './machine-task/http/update-signatures.ts'
import { notOfferedOperations } from './not-offered/http/not-offered-operations.ts'
import { configurationOperations, instanceDiscovery, jwksOperations } from './oauth/http/discovery.ts'
import { tokenOperations } from './oauth/http/token.ts'
import { getMe } from './principal/http/get-me.ts'
import type { Principal } from './principal/index.ts'
import { getQuarantinedFile } from './quarantine/http/get-quarantined-file.ts'
import { listQuarantine } from './quarantine/http/list-quarantine.ts'
import { changeRole } from './role/http/change-role.ts'
import { createRole } from './role/http/create-role.ts'
import { deleteRole } from './role/http/delete-role.ts'
import { getRole } from './role/http/get-role.ts'
import { listRoles } from './role/http/list-roles.ts'
import { getScan } from './scan/http/get-scan.ts'
import { changeScanPolicy } from './scan-policy/http/change-scan-policy.ts'
import { getScanPolicy } from './scan-policy/http/get-scan-policy.ts'
import { listScanPolicies } from './scan-policy/http/list-scan-policies.ts'
import { removeScanPolicy } from './scan-policy/http/remove-scan-policy.ts'
import type { Services } from './services.ts'
import { getApplicationSignIn, setApplicationSignIn } from './sign-in/http/application-sign-in.ts'
import { authorize, resumeAuthorize } from './sign-in/http/authorize.ts'
import { createPasswordLink } from './sign-in/http/create-password-link.ts'
import { deviceOperations, resumeDevice } from './sign-in/http/device.ts'
import { startDeviceCode } from './sign-in/http/device-code.ts'
import { getSignInStyle } from './sign-in/http/get-sign-in-style.ts'
import { logoutOperations } from './sign-in/http/logout.ts'
import { passwordOperations } from './sign-in/http/password.ts'
import { revokeSignIn } from './sign-in/http/revoke.ts'
import { signInOperations } from './sign-in/http/sign-in.ts'
import { signOutUser } from './sign-in/http/sign-out-user.ts'
import { getSignatureDatabase } from './signature-mirror/http/get-signature-database.ts'
import { getSignInInfo } from './tenant/http/get-sign-in-info.ts'
import { changeUser } from './user/http/change-user.ts'
import { createUser } from './user/http/create-user.ts'
import { deleteUser } from './user/http/delete-user.ts'
import { getUser } from './user/http/get-user.ts'
import { listUsers } from './user/http/list-users.ts'
import { addMember } from './user-group/http/add-member.ts'
import { changeUserGroup } from './user-group/http/change-user-group.ts'
import { createUserGroup } from './user-group/http/create-user-group.ts'
import { deleteUserGroup } from './user-group/http/delete-user-group.ts'
import { getUserGroup } from './user-group/http/get-user-group.ts'
import { listMembers } from './user-group/http/list-members.ts'
import { listUserGroups } from './user-group/http/list-user-groups.ts'
import { removeMember } from './user-group/http/remove-member.ts'
import { changeWebhook } from './webhook/http/change-webhook.ts'
import { createWebhook } from './webhook/http/create-webhook.ts'
import { deleteWebhook } from './webhook/http/delete-webhook.ts'
import { getWebhook } from './webhook/http/get-webhook.ts'
import { getWebhookDelivery } from './webhook/http/get-webhook-delivery.ts'
import { listWebhookDeliveries } from './webhook/http/list-webhook-deliveries.ts'
import { listWebhooks } from './webhook/http/list-webhooks.ts'
import { redeliver } from './webhook/http/redeliver.ts'
import { rotateWebhookSecret } from './webhook/http/rotate-webhook-secret.ts'
import { testWebhook } from './webhook/http/test-webhook.ts'

/** Every route of this server, by the name that it has in the API's description. */
const OPERATIONS: Readonly<Record<string, Operation<Principal, Services>>> = {
  ...tokenOperations,
  ...configurationOperations,
  ...jwksOperations,
  discoverInstance: instanceDiscovery,
  getSignInInfo,
  authorize,
  resumeAuthorize,
  startDeviceCode,
  ...deviceOperations,
  resumeDevice,
  ...signInOperations,
  ...logoutOperations,
  revokeSignIn,
  ...passwordOperations,
  getSignInStyle,
  createPasswordLink,
  signOutUser,
  setApplicationSignIn,
  getApplicationSignIn,
  getMachine,
  listMachines,
  listEngines,
  countMachines,
  findMachinesByIp,
  findMachinesByTag,
  tagMachine,
  tagMachines,
  setDeviceValue,
  updateMachine,
  runAntivirusScan,
  getMachineAction,
  listMachineActions,
  countMachineActions,
  cancelMachineAction,
  ...antivirusInfoOperations,
  getAlert,
  listAlerts,
  countAlerts,
  updateAlert,
  getAlertMachine,
  listMachineAlerts,
  countMachineAlerts,
  enroll,
  getCaCertificate,
  getInstallScript,
  getAgentPackage,
  sendAttachment,
  getAttachmentState,
  getSignatureDatabase,
  createEnrollmentToken,
  listEnrollmentTokens,
  revokeEnrollmentToken,
  requestScan,
  getScan,
  getNotScanned,
  listDetections,
  quarantineDetection,
  listQuarantine,
  getQuarantinedFile,
  restoreQuarantinedFile,
  updateSignatures,
  getMachineTask,
  listMachineTasks,
  getFleetMachineAction,
  watchFleetEvents,
  listApplications,
  createApplication,
  getApplication,
  changeApplication,
  deleteApplication,
  listAudit,
  verifyAudit,
  setApplicationLimits,
  getMe,
  listUsers,
  createUser,
  getUser,
  changeUser,
  deleteUser,
  listUserGroups,
  createUserGroup,
  getUserGroup,
  changeUserGroup,
  deleteUserGroup,
  listUserGroupMembers: listMembers,
  addUserGroupMember: addMember,
  removeUserGroupMember: removeMember,
  listRoles,
  createRole,
  getRole,
  changeRole,
  deleteRole,
  listDeviceGroups,
  createDeviceGroup,
  orderDeviceGroups,
  previewDeviceGroup,
  getDeviceGroup,
  changeDeviceGroup,
  deleteDeviceGroup,
  listScanPolicies,
  getScanPolicy,
  changeScanPolicy,
  removeScanPolicy,
  addApplicationSecret: addSecret,
  addApplicationCertificate: addCertificate,
  ...revokeCredentialOperations,
  listWebhooks,
  createWebhook,
  getWebhook,
  changeWebhook,
  deleteWebhook,
  rotateWebhookSecret,
  testWebhook,
  listWebhookDeliveries,
  getWebhookDelivery,
  redeliverWebhookMessage: redeliver,
  ...notOfferedOperations,
  getApiDescription,
}

export const operations = Object.entries(OPERATIONS).map(([operationId, operation]) => ({
  ...operation,
  operationId,
}))
