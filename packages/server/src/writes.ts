import { createApplicationWrite, setLimitsWrite } from './application/index.ts'
import { createTokenWrite, enrollWrite, revokeTokenWrite } from './enrollment/index.ts'
import { writeList } from './kit/db/write.ts'
import { holdOrdersWrite, recordInventoryWrite, recordSeenWrite } from './machine/index.ts'
import { cancelWrite, expireWrite, requestScanWrite } from './machine-action/index.ts'
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
import { createUserWrite } from './user/index.ts'

/** Every write of this server: what can change a row. */
export const writes = writeList([
  addLinkWrite,
  addSigningKeyWrite,
  attemptWrite,
  cancelWrite,
  consumeArtifactWrite,
  createApplicationWrite,
  createTenantWrite,
  createTokenWrite,
  createUserWrite,
  endSignInsWrite,
  enrollWrite,
  expireWrite,
  forgetThrottlesWrite,
  holdOrdersWrite,
  keepArtifactWrite,
  reconcileWrite,
  recordInventoryWrite,
  recordProgressWrite,
  recordSeenWrite,
  rehashWrite,
  removeArtifactWrite,
  removeExpiredArtifactsWrite,
  requestScanWrite,
  revokeTokenWrite,
  setApplicationSignInWrite,
  setLimitsWrite,
  setServerIdWrite,
  signOutEverywhereWrite,
  succeedWrite,
  takeEventWrite,
  useLinkWrite,
])
