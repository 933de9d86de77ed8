import { updateAlertWrite } from './alert/index.ts'
import {
  addCertificateWrite,
  addSecretWrite,
  changeApplicationWrite,
  createApplicationWrite,
  recordUsesWrite,
  removeApplicationWrite,
  revokeCredentialWrite,
  setLimitsWrite,
  takeAssertionWrite,
} from './application/index.ts'
import {
  appendPieceWrite,
  completeAttachmentWrite,
  forgetAttachmentsWrite,
  resetAttachmentWrite,
} from './attachment/index.ts'
import { recordAuditWrite, sealAuditWrite } from './audit/index.ts'
import {
  changeDeviceGroupWrite,
  createDeviceGroupWrite,
  deleteDeviceGroupWrite,
  orderDeviceGroupsWrite,
} from './device-group/index.ts'
import { createTokenWrite, enrollWrite, revokeTokenWrite } from './enrollment/index.ts'
import { writeList } from './kit/db/write.ts'
import {
  changeMachinesWrite,
  forgetAddressesWrite,
  holdOrdersWrite,
  recordInventoryWrite,
  recordSeenWrite,
} from './machine/index.ts'
import {
  cancelWrite,
  expireWrite,
  forgetIdempotencyKeysWrite,
  requestScanWrite,
} from './machine-action/index.ts'
import { expireTaskWrite, requestTaskWrite, takeTaskEventWrite } from './machine-task/index.ts'
import { removeCallCountsWrite, saveCallCountsWrite } from './principal/index.ts'
import { takeWordWrite } from './quarantine/index.ts'
import { changeRoleWrite, createRoleWrite, deleteRoleWrite, ensureBuiltInsWrite } from './role/index.ts'
import { prepareOrderWrite, reconcileWrite, recordProgressWrite, takeEventWrite } from './scan/index.ts'
import { changeScanPolicyWrite, removeScanPolicyWrite } from './scan-policy/index.ts'
import {
  addLinkWrite,
  attemptWrite,
  consumeArtifactWrite,
  endSignInsWrite,
  forgetThrottlesWrite,
  keepArtifactWrite,
  rehashWrite,
  removeArtifactWrite,
  removeExpiredArtifactsWrite,
  setApplicationSignInWrite,
  signOutEverywhereWrite,
  succeedWrite,
  useLinkWrite,
} from './sign-in/index.ts'
import { addSigningKeyWrite } from './signing-key/index.ts'
import { createTenantWrite, setServerIdWrite } from './tenant/index.ts'
import { changeUserWrite, createUserWrite, deleteUserWrite } from './user/index.ts'
import {
  addMemberWrite,
  changeUserGroupWrite,
  createUserGroupWrite,
  deleteUserGroupWrite,
  removeMemberWrite,
} from './user-group/index.ts'
import {
  addWebhookTestWrite,
  changeWebhookWrite,
  claimDeliveriesWrite,
  createWebhookWrite,
  forgetDeliveriesWrite,
  recordAttemptWrite,
  redeliverWrite,
  releaseDeliveryWrite,
  removeWebhookWrite,
  rotateWebhookSecretWrite,
} from './webhook/index.ts'

/** Every write of this server: what can change a row. */
export const writes = writeList([
  addCertificateWrite,
  addLinkWrite,
  addMemberWrite,
  addSecretWrite,
  addSigningKeyWrite,
  addWebhookTestWrite,
  appendPieceWrite,
  attemptWrite,
  cancelWrite,
  changeApplicationWrite,
  changeDeviceGroupWrite,
  changeMachinesWrite,
  changeRoleWrite,
  changeScanPolicyWrite,
  removeScanPolicyWrite,
  changeUserGroupWrite,
  changeUserWrite,
  changeWebhookWrite,
  claimDeliveriesWrite,
  completeAttachmentWrite,
  consumeArtifactWrite,
  createApplicationWrite,
  createDeviceGroupWrite,
  createRoleWrite,
  createTenantWrite,
  createTokenWrite,
  createUserGroupWrite,
  createUserWrite,
  createWebhookWrite,
  deleteDeviceGroupWrite,
  deleteRoleWrite,
  deleteUserGroupWrite,
  deleteUserWrite,
  endSignInsWrite,
  enrollWrite,
  ensureBuiltInsWrite,
  expireTaskWrite,
  expireWrite,
  forgetAddressesWrite,
  forgetAttachmentsWrite,
  forgetDeliveriesWrite,
  forgetIdempotencyKeysWrite,
  forgetThrottlesWrite,
  holdOrdersWrite,
  keepArtifactWrite,
  orderDeviceGroupsWrite,
  prepareOrderWrite,
  reconcileWrite,
  recordAttemptWrite,
  recordAuditWrite,
  recordInventoryWrite,
  recordProgressWrite,
  recordSeenWrite,
  recordUsesWrite,
  redeliverWrite,
  rehashWrite,
  releaseDeliveryWrite,
  removeApplicationWrite,
  removeArtifactWrite,
  removeCallCountsWrite,
  removeExpiredArtifactsWrite,
  removeMemberWrite,
  removeWebhookWrite,
  requestScanWrite,
  requestTaskWrite,
  resetAttachmentWrite,
  revokeCredentialWrite,
  revokeTokenWrite,
  rotateWebhookSecretWrite,
  saveCallCountsWrite,
  sealAuditWrite,
  setApplicationSignInWrite,
  setLimitsWrite,
  setServerIdWrite,
  signOutEverywhereWrite,
  succeedWrite,
  takeAssertionWrite,
  takeEventWrite,
  takeTaskEventWrite,
  takeWordWrite,
  updateAlertWrite,
  useLinkWrite,
])
