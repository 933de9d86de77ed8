import type { Migration } from '../kit/db/migration.ts'

/** How applications prove who they are: secrets that are told apart and watched, and certificates. */
export const credentials: Migration = {
  id: 4,
  name: 'credentials',
  statements: ({ text, instant }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      `ALTER TABLE application_secret ADD COLUMN description ${text} NOT NULL DEFAULT ''`,
      `ALTER TABLE application_secret ADD COLUMN last_used_at ${instant}`,
      'CREATE INDEX application_by_creation ON application (tenant, created_at DESC, id DESC)',
      table(
        'application_certificate',
        `tenant ${text} NOT NULL, application ${text} NOT NULL, id ${text} NOT NULL, description ${text} NOT NULL,
         certificate ${text} NOT NULL, sha1 ${text} NOT NULL, sha256 ${text} NOT NULL, not_before ${instant} NOT NULL,
         not_after ${instant} NOT NULL, created_at ${instant} NOT NULL, revoked_at ${instant}, last_used_at ${instant},
         PRIMARY KEY (tenant, application, id)`,
      ),
      // A certificate may come back after it was revoked, but not stand twice.
      `CREATE UNIQUE INDEX application_certificate_in_force ON application_certificate (tenant, application, sha256)
       WHERE revoked_at IS NULL`,
      // Assertions that were used and could be used again; each row is over with its assertion.
      table(
        'client_assertion',
        `tenant ${text} NOT NULL, application ${text} NOT NULL, id_hash ${text} NOT NULL, assertion_hash ${text} NOT NULL,
         address ${text} NOT NULL, expires_at ${instant} NOT NULL, PRIMARY KEY (tenant, application, id_hash)`,
      ),
      'CREATE INDEX client_assertion_by_end ON client_assertion (tenant, expires_at)',
    ]
  },
}
