import type { Instant, UserId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'

/** What somebody proves with that it is them. */
export type StoredCredential = {
  /** Null until they choose a password. */
  passwordHash: string | null
  /** Sign-ins from before then are over. */
  validFrom: Instant
}

/** Passwords and one-time links of one tenant. */
export interface CredentialStore {
  find(user: UserId): Promise<StoredCredential | undefined>

  /** Keeps another hash of the same password, unless it was changed meanwhile. */
  rehash(user: UserId, from: string, to: string): Promise<void>

  /** Adds a link; those that the person had before are good for nothing from now on. */
  addLink(
    link: { user: UserId; secretHash: string; lifeMs: number },
    audit: AuditEntry,
  ): Promise<{ expiresAt: Instant }>

  /** Who may choose a password with a link; `undefined` for one that is unknown, used or expired. */
  findLink(secretHash: string, now: Instant): Promise<UserId | undefined>

  /** Sets the password with a link, which is used up, and ends all sign-ins of the person. */
  useLink(
    link: { secretHash: string; user: UserId; passwordHash: string },
    audit: AuditEntry,
  ): Promise<'used' | 'gone'>

  /** Ends all sign-ins of somebody, now and for whatever is under way. */
  signOutEverywhere(user: UserId, audit: AuditEntry): Promise<void>
}
