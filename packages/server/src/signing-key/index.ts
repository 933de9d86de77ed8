export type { SigningKeyPurpose, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'
export { addSigningKeyWrite, sqlSigningKeyStore } from './signing-key-store-sql.ts'
export type { OrderKeys, SigningKeys, TokenKeys } from './signing-keys.ts'
