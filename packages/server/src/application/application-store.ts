import type { ApplicationId, CallLimits, Instant, Permission } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { StoredApplication, StoredCertificate, StoredSecret } from './application.ts'

/** Most secrets, and most certificates, that an application may have at once. */
export const MAX_CREDENTIALS = 20

export type NewSecret = Pick<StoredSecret, 'id' | 'description' | 'secretHash' | 'hint'> & {
  /** How long it is good for; null for ever. */
  lifeMs: number | null
}
export type NewCertificate = Omit<StoredCertificate, 'createdAt' | 'revokedAt' | 'lastUsedAt'>
export type NewApplication = {
  id: ApplicationId
  displayName: string
  permissions: readonly Permission[]
  secret: NewSecret | null
  audit: AuditEntry
}

/** `unknown`: there is no such application; `tooMany`: it has `MAX_CREDENTIALS` of the kind. */
export type Added<Credential> =
  | { kind: 'added'; credential: Credential }
  | { kind: 'unknown' }
  | { kind: 'tooMany' }

/** One use of an assertion that is good in itself. */
export type AssertionUse = {
  application: ApplicationId
  /** SHA-256 of what names it (`jti`), hex. */
  idHash: string
  /** SHA-256 of all of it, hex. */
  assertionHash: string
  /** Where it came from. */
  address: string
  /** After this it is good for nothing, and forgotten. */
  expiresAt: Instant
}

export type CredentialKind = 'secret' | 'certificate'

/** That a token was got with a credential. */
export type CredentialUse = {
  application: ApplicationId
  kind: CredentialKind
  credential: string
  at: Instant
}

/** Applications of one tenant. Every change of what one may do raises the tenant's security epoch. */
export interface ApplicationStore {
  /** `exists`: there is one of that id already, and nothing changed. */
  create(application: NewApplication): Promise<'created' | 'exists'>

  find(id: ApplicationId): Promise<StoredApplication | undefined>

  /** Newest first. */
  list(query: {
    after?: { createdAt: Instant; id: string } | undefined
    limit: number
  }): Promise<StoredApplication[]>

  /** Changes what is given. `false` when there is no such application. */
  change(
    id: ApplicationId,
    to: { displayName?: string | undefined; permissions?: readonly Permission[] | undefined },
    audit: AuditEntry,
  ): Promise<boolean>

  /** Deletes an application with all its credentials. `false` when there is none of that id. */
  remove(id: ApplicationId, audit: AuditEntry): Promise<boolean>

  /** Sets or (null) lifts the overrides of the rate limits. `false` when there is no such application. */
  setLimits(id: ApplicationId, limits: CallLimits, audit: AuditEntry): Promise<boolean>

  addSecret(id: ApplicationId, secret: NewSecret, audit: AuditEntry): Promise<Added<StoredSecret>>

  /** `exists`: the application has this certificate already, and nothing changed. */
  addCertificate(
    id: ApplicationId,
    certificate: NewCertificate,
    audit: AuditEntry,
  ): Promise<Added<StoredCertificate> | { kind: 'exists' }>

  /** Makes a secret or certificate worthless; once is enough. `false` when the application has no such one. */
  revokeCredential(
    id: ApplicationId,
    kind: CredentialKind,
    credential: string,
    audit: AuditEntry,
  ): Promise<boolean>

  /**
   * Takes an assertion: at its first use, and again for the very same one from the same address, because sign-in
   * libraries send one assertion several times while it lasts. `false` for every other repetition.
   */
  takeAssertion(use: AssertionUse): Promise<boolean>

  /** Notes when credentials were last used. */
  recordUses(uses: readonly CredentialUse[]): Promise<void>
}
