import type { Instant } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'

/** `token`: RS256, for access tokens. `order`, `audit`: Ed25519, for orders to machines and for heads of the audit chain. */
export type SigningKeyPurpose = 'token' | 'order' | 'audit'

/** A key of a tenant; its private half only sealed. */
export type StoredSigningKey = {
  id: string
  purpose: SigningKeyPurpose
  /** 1 for the first of its purpose. */
  sequence: number
  /** JWK as JSON for `token`; raw base64 for `order` and `audit`. */
  publicKey: string
  sealedPrivateKey: string
  /** For an `order` or `audit` key after the first: signature by the key before it, base64. */
  announcement: string | null
  createdAt: Instant
  retiredAt: Instant | null
}

/** Signing keys of one tenant. */
export interface SigningKeyStore {
  /** `exists`: another node added the key of this sequence first; read again. */
  add(key: Omit<StoredSigningKey, 'createdAt' | 'retiredAt'>, audit: AuditEntry): Promise<'added' | 'exists'>

  /** Oldest first. */
  list(purpose: SigningKeyPurpose): Promise<StoredSigningKey[]>
}
