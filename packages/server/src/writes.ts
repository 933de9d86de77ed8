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
import { cancelWrite, expireWrite, requestScanWrite } from './machine-action/index.ts'
import { removeCallCountsWrite, saveCallCountsWrite } from './principal/index.ts'
import { changeRoleWrite, createRoleWrite, deleteRoleWrite, ensureBuiltInsWrite } from './role/index.ts'
import { reconcileWrite, recordProgressWrite, takeEventWrite } from './scan/index.ts'
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

/** Every write of this server: what can change a row. */
export const writes = writeList([
  addCertificateWrite,
  addLinkWrite,
  addMemberWrite,
  addSecretWrite,
  addSigningKeyWrite,
  attemptWrite,
  cancelWrite,
  changeApplicationWrite,
  changeDeviceGroupWrite,
  changeMachinesWrite,
  changeRoleWrite,
  changeUserGroupWrite,
  changeUserWrite,
  consumeArtifactWrite,
  createApplicationWrite,
  createDeviceGroupWrite,
  createRoleWrite,
  createTenantWrite,
  createTokenWrite,
  createUserGroupWrite,
  createUserWrite,
  deleteDeviceGroupWrite,
  deleteRoleWrite,
  deleteUserGroupWrite,
  deleteUserWrite,
  endSignInsWrite,
  enrollWrite,
  ensureBuiltInsWrite,
  expireWrite,
  forgetAddressesWrite,
  forgetThrottlesWrite,
  holdOrdersWrite,
  keepArtifactWrite,
  orderDeviceGroupsWrite,
  reconcileWrite,
  recordAuditWrite,
  recordInventoryWrite,
  recordProgressWrite,
  recordSeenWrite,
  recordUsesWrite,
  rehashWrite,
  removeApplicationWrite,
  removeArtifactWrite,
  removeCallCountsWrite,
  removeExpiredArtifactsWrite,
  removeMemberWrite,
  requestScanWrite,
  revokeCredentialWrite,
  revokeTokenWrite,
  saveCallCountsWrite,
  sealAuditWrite,
  setApplicationSignInWrite,
  setLimitsWrite,
  setServerIdWrite,
  signOutEverywhereWrite,
  succeedWrite,
  takeAssertionWrite,
  takeEventWrite,
  updateAlertWrite,
  useLinkWrite,
])
