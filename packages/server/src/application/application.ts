import type { ApplicationId, CallLimits, Instant, Permission } from '@fleetsweep/protocol'

/** A program that may get tokens. */
export type StoredApplication = {
  id: ApplicationId
  /** Shown as `requestor` of what it asks for. */
  displayName: string
  createdAt: Instant
  permissions: Permission[]
  /** Overrides of the usual rate limits; null where the usual one holds. */
  limits: CallLimits
  /** Revoked and expired ones, too; oldest first. */
  secrets: StoredSecret[]
  certificates: StoredCertificate[]
}

/** What every way to prove who one is has. */
type StoredCredential = {
  id: string
  description: string
  createdAt: Instant
  revokedAt: Instant | null
  /** To the hour; null when no token was ever got with it. */
  lastUsedAt: Instant | null
}

export type StoredSecret = StoredCredential & {
  /** SHA-256 of a secret of 256 random bits, hex. */
  secretHash: string
  /** Its first characters, to tell secrets apart in lists. */
  hint: string
  /** Null when it never expires. */
  expiresAt: Instant | null
}

export type StoredCertificate = StoredCredential & {
  /** PEM; public, as every certificate is. */
  certificate: string
  /** Of its DER form; lower-case hex. */
  sha1: string
  sha256: string
  notBefore: Instant
  notAfter: Instant
}

/** True while the application still has the credential and nobody has revoked it. */
export function holdsCredential(
  { secrets, certificates }: Pick<StoredApplication, 'secrets' | 'certificates'>,
  credential: string,
): boolean {
  return [...secrets, ...certificates].some(({ id, revokedAt }) => id === credential && revokedAt === null)
}
