import type { OrderKey, TenantId } from '@fleetsweep/protocol'
import type { JWK } from 'jose'
import type { AuditPrincipal } from '../audit/index.ts'
import type { SigningKeyPurpose } from './signing-key-store.ts'

/** What signs and checks the access tokens of a tenant. */
export type TokenKeys = {
  current: { id: string; privateKey: CryptoKey }
  /** Public keys that tokens in use may be signed with, `kid` and all; newest first. */
  public: readonly JWK[]
}

/** What signs the orders of a tenant. */
export type OrderKeys = {
  current: {
    keyId: string
    /** Signature over `input`, base64. Make the input with `signingInput`. */
    sign(input: Uint8Array): string
  }
  /** From the first key to the current one, each announced by the one before. */
  chain: readonly OrderKey[]
}

/** The signing keys of all tenants, opened. */
export interface SigningKeys {
  /** @throws Error when the tenant has none: set-up adds the first */
  tokenKeys(tenant: TenantId): Promise<TokenKeys>

  /**
   * As `tokenKeys`, for a token that names a key which those do not hold: another node may have added it since.
   * Reads at most once a second.
   */
  tokenKeysAnew(tenant: TenantId): Promise<TokenKeys>

  /** @throws Error when the tenant has none: set-up adds the first */
  orderKeys(tenant: TenantId): Promise<OrderKeys>

  /**
   * Adds a key, which signs from now on: the first of its purpose, or one that takes over. A new order key is
   * announced by the old one, so that machines follow.
   *
   * @returns its id
   */
  addKey(tenant: TenantId, purpose: SigningKeyPurpose, by: AuditPrincipal): Promise<string>
}

/** A tenant has no key of that purpose: it was not set up, or does not exist. */
export class NoSigningKeyError extends Error {
  override readonly name = 'NoSigningKeyError'
}
