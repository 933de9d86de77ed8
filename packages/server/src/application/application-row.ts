import { type ApplicationId, addMs, type Instant, type TenantId } from '@fleetsweep/protocol'
import type { WriteContext } from '../kit/db/write.ts'
import type { StoredCertificate, StoredSecret } from './application.ts'
import type { NewSecret } from './application-store.ts'

export type ApplicationTables = {
  application: ApplicationRow
  application_permission: { tenant: string; application: string; permission: string }
  application_secret: SecretRow
  application_certificate: CertificateRow
  client_assertion: {
    tenant: string
    application: string
    id_hash: string
    assertion_hash: string
    address: string
    expires_at: number
  }
}

export type ApplicationRow = {
  tenant: string
  id: string
  display_name: string
  created_at: number
  limit_per_minute: number | null
  limit_per_hour: number | null
}

type CredentialRow = {
  tenant: string
  application: string
  id: string
  description: string
  created_at: number
  revoked_at: number | null
  last_used_at: number | null
}

export type SecretRow = CredentialRow & { secret_hash: string; hint: string; expires_at: number | null }

export type CertificateRow = CredentialRow & {
  certificate: string
  sha1: string
  sha256: string
  not_before: number
  not_after: number
}

/** The row of a secret that is made now. */
export function secretRow(
  tenant: TenantId,
  application: ApplicationId,
  { id, description, secretHash, hint, lifeMs }: NewSecret,
  { at }: WriteContext,
): SecretRow {
  return {
    tenant,
    application,
    id,
    description,
    secret_hash: secretHash,
    hint,
    created_at: at,
    expires_at: lifeMs === null ? null : addMs(at, lifeMs),
    revoked_at: null,
    last_used_at: null,
  }
}

export function toSecret(row: SecretRow): StoredSecret {
  return {
    ...credentialOf(row),
    secretHash: row.secret_hash,
    hint: row.hint,
    expiresAt: row.expires_at as Instant | null,
  }
}

export function toCertificate(row: CertificateRow): StoredCertificate {
  return {
    ...credentialOf(row),
    certificate: row.certificate,
    sha1: row.sha1,
    sha256: row.sha256,
    notBefore: row.not_before as Instant,
    notAfter: row.not_after as Instant,
  }
}

function credentialOf(row: CredentialRow) {
  return {
    id: row.id,
    description: row.description,
    createdAt: row.created_at as Instant,
    revokedAt: row.revoked_at as Instant | null,
    lastUsedAt: row.last_used_at as Instant | null,
  }
}
