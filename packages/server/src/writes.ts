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
import { createTokenWrite, enrollWrite, revokeTokenWrite } from './enrollment/index.ts'
import { writeList } from './kit/db/write.ts'
import { holdOrdersWrite, recordInventoryWrite, recordSeenWrite } from './machine/index.ts'
import { cancelWrite, expireWrite, requestScanWrite } from './machine-action/index.ts'
import { reconcileWrite, recordProgressWrite, takeEventWrite } from './scan/index.ts'
import { addSigningKeyWrite } from './signing-key/index.ts'
import { createTenantWrite, setServerIdWrite } from './tenant/index.ts'
import { createUserWrite } from './user/index.ts'

/** Every write of this server: what can change a row. */
export const writes = writeList([
  addCertificateWrite,
  addSecretWrite,
  addSigningKeyWrite,
  cancelWrite,
  changeApplicationWrite,
  createApplicationWrite,
  createTenantWrite,
  createTokenWrite,
  createUserWrite,
  enrollWrite,
  expireWrite,
  holdOrdersWrite,
  recordInventoryWrite,
  recordProgressWrite,
  recordSeenWrite,
  recordUsesWrite,
  reconcileWrite,
  removeApplicationWrite,
  requestScanWrite,
  revokeCredentialWrite,
  revokeTokenWrite,
  setLimitsWrite,
  setServerIdWrite,
  takeAssertionWrite,
  takeEventWrite,
])
