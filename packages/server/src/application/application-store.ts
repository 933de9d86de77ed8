import type { ApplicationId, Instant, Permission } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'

/** A program that may get tokens. */
export type StoredApplication = {
  id: ApplicationId
  /** Shown as `requestor` of what it asks for. */
  displayName: string
  createdAt: Instant
  permissions: Permission[]
  /** Overrides of the usual rate limits; null where the usual one holds. */
  limits: { perMinute: number | null; perHour: number | null }
  secrets: StoredSecret[]
}

export type StoredSecret = {
  id: string
  /** SHA-256 of a secret of 256 random bits, hex. */
  secretHash: string
  /** Its first characters, to tell secrets apart in lists. */
  hint: string
  createdAt: Instant
  expiresAt: Instant | null
  revokedAt: Instant | null
}

/** Applications of one tenant. */
export interface ApplicationStore {
  create(application: {
    id: ApplicationId
    displayName: string
    permissions: readonly Permission[]
    secret: { id: string; secretHash: string; hint: string; lifeMs: number | null }
    audit: AuditEntry
  }): Promise<'created' | 'exists'>

  find(id: ApplicationId): Promise<StoredApplication | undefined>

  /** Sets or (null) lifts the overrides of the rate limits. `false` when there is no such application. */
  setLimits(
    id: ApplicationId,
    limits: { perMinute: number | null; perHour: number | null },
    audit: AuditEntry,
  ): Promise<boolean>
}
