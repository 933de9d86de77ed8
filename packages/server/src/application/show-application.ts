import {
  type Application,
  type ApplicationCertificate,
  type ApplicationSecret,
  formatInstant,
  type Instant,
} from '@fleetsweep/protocol'
import type { StoredApplication, StoredCertificate, StoredSecret } from './application.ts'
import { describeCertificate } from './application-certificate.ts'

/** An application as the Fleet API shows it. */
export function showApplication(application: StoredApplication): Application {
  const { id, displayName, createdAt, permissions, limits, secrets, certificates } = application
  return {
    id,
    displayName,
    createdAt: formatInstant(createdAt),
    permissions,
    limits,
    secrets: secrets.map(showSecret),
    certificates: certificates.map(showCertificate),
  }
}

/** A secret without its text and without its hash. */
export function showSecret(secret: StoredSecret): ApplicationSecret {
  const { id, description, hint, createdAt, expiresAt, revokedAt, lastUsedAt } = secret
  return {
    id,
    description,
    hint,
    createdAt: formatInstant(createdAt),
    expiresAt: shown(expiresAt),
    revokedAt: shown(revokedAt),
    lastUsedAt: shown(lastUsedAt),
  }
}

export function showCertificate(stored: StoredCertificate): ApplicationCertificate {
  const { id, description, certificate, sha1, sha256 } = stored
  return {
    id,
    description,
    ...describeCertificate(certificate),
    thumbprint: sha1.toUpperCase(),
    thumbprintSha256: sha256.toUpperCase(),
    notBefore: formatInstant(stored.notBefore),
    notAfter: formatInstant(stored.notAfter),
    createdAt: formatInstant(stored.createdAt),
    revokedAt: shown(stored.revokedAt),
    lastUsedAt: shown(stored.lastUsedAt),
  }
}

function shown(moment: Instant | null): string | null {
  return moment === null ? null : formatInstant(moment)
}
