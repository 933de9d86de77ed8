import type { ApplicationId, Instant, UserId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'

/** What a sign-in leaves behind on its way, by the names of `oidc-provider`. A `Grant` is a sign-in that stands. */
export const ARTIFACT_KINDS = [
  'Session',
  'Interaction',
  'Grant',
  'AuthorizationCode',
  'DeviceCode',
  'RefreshToken',
] as const
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number]

export type NewArtifact = {
  kind: ArtifactKind
  /** Hash of what its owner holds: a code, a token, a cookie. */
  idHash: string
  /** Everything else of it, sealed. */
  sealed: string
  /** The sign-in that it comes from, and ends with. */
  signIn: string | null
  /** Hash of the browser session that a `Session` is, or that a `Grant` was given in. */
  sessionHash: string | null
  userCodeHash: string | null
  user: UserId | null
  application: ApplicationId | null
  lifeMs: number
}

export type StoredArtifact = {
  kind: ArtifactKind
  idHash: string
  sealed: string
  user: UserId | null
  createdAt: Instant
  expiresAt: Instant
  consumedAt: Instant | null
}

/** Which sign-ins to end. */
export type EndedSignIns =
  | { by: 'signIn'; signIn: string }
  /** Those of one browser, and what that browser itself is signed in with. */
  | { by: 'session'; sessionHash: string }
  | { by: 'user'; user: UserId }

/** Codes, tokens, browser sessions and sign-ins of one tenant. */
export interface ArtifactStore {
  /**
   * Keeps a new artifact, or the new state of one. What was consumed stays so. A `Grant` is never kept twice: one that
   * was ended does not come back.
   *
   * @param audit for a new `Grant`: a sign-in begins
   */
  keep(artifact: NewArtifact, audit?: AuditEntry): Promise<void>

  find(kind: ArtifactKind, idHash: string): Promise<StoredArtifact | undefined>

  findSession(sessionHash: string): Promise<StoredArtifact | undefined>

  findByUserCode(userCodeHash: string): Promise<StoredArtifact | undefined>

  /** Uses something up that works once. `used`: somebody else was first, even by a moment. */
  consume(kind: ArtifactKind, idHash: string): Promise<'consumed' | 'used'>

  remove(kind: ArtifactKind, idHash: string): Promise<void>

  /**
   * Ends sign-ins with all that came from them, and raises the security epoch, so that their access tokens die.
   *
   * @returns how many there were
   */
  end(which: EndedSignIns, audit: AuditEntry): Promise<number>

  /** True until a sign-in is ended or expires. */
  isSignedIn(signIn: string, now: Instant): Promise<boolean>
}

/** The artifacts of all tenants. */
export interface ExpiredArtifacts {
  /** Removes what expired before then, at most so many. @returns how many it removed */
  removeExpired(before: Instant, limit: number): Promise<number>
}
