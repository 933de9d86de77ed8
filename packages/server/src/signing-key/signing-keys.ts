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

/** What signs and checks the heads of a tenant's audit chain. */
export type AuditKeys = {
  current: {
    keyId: string
    /** Signature over `input`, base64. Make the input with `signingInput`. */
    sign(input: Uint8Array): string
  }
  /** False also for a key that this server never had. Holds for every key, however long ago another took over. */
  isSignedBy(keyId: string, input: Uint8Array, signature: string): boolean
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

  /** Read anew each time; `undefined` before the first is added, which the sealer of the audit does when it needs one. */
  auditKeys(tenant: TenantId): Promise<AuditKeys | undefined>

  /**
   * Adds a key, which signs from now on: the first of its purpose, or one that takes over. A new order or
   * audit key is announced by the old one, so that whoever trusts the first can follow.
   *
   * @returns its id
   */
  addKey(tenant: TenantId, purpose: SigningKeyPurpose, by: AuditPrincipal): Promise<string>
}

/** A tenant has no key of that purpose: it was not set up, or does not exist. */
export class NoSigningKeyError extends Error {
  override readonly name = 'NoSigningKeyError'
}
