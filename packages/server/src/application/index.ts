export {
  holdsCredential,
  type StoredApplication,
  type StoredCertificate,
  type StoredSecret,
} from './application.ts'
export { certificateKey } from './application-certificate.ts'
export { hashApplicationSecret } from './application-secret.ts'
export { type ApplicationService, applicationService } from './application-service.ts'
export type { ApplicationStore, AssertionUse, CredentialKind } from './application-store.ts'
export { sqlApplicationStore } from './application-store-sql.ts'
export {
  changeApplicationWrite,
  createApplicationWrite,
  removeApplicationWrite,
  setLimitsWrite,
} from './application-writes.ts'
export { CredentialUses } from './credential-uses.ts'
export {
  addCertificateWrite,
  addSecretWrite,
  recordUsesWrite,
  revokeCredentialWrite,
  takeAssertionWrite,
} from './credential-writes.ts'
