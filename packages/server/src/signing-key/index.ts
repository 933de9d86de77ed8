export { sealedSigningKeys } from './sealed-signing-keys.ts'
export { deriveKey, readSealingKey, type SealingKey, seal, unseal } from './sealing.ts'
export type { SigningKeyPurpose, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'
export { addSigningKeyWrite, sqlSigningKeyStore } from './signing-key-store-sql.ts'
export {
  type AuditKeys,
  NoSigningKeyError,
  type OrderKeys,
  type SigningKeys,
  type TokenKeys,
} from './signing-keys.ts'
