import type { Migration } from '../kit/db/migration.ts'

/** The chain over the audit's entries: each place once, and its signed heads. */
export const auditSeal: Migration = {
  id: 5,
  name: 'audit-seal',
  statements: ({ text, instant, integer }, dialect) => [
    // Whatever two nodes do at once, one head follows another: that is what keeps the chain from forking.
    `CREATE TABLE audit_head (tenant ${text} NOT NULL, position ${integer} NOT NULL, follows ${integer} NOT NULL,
       hash ${text} NOT NULL, signed_at ${instant} NOT NULL, key_id ${text} NOT NULL, signature ${text} NOT NULL,
       PRIMARY KEY (tenant, position), UNIQUE (tenant, follows))${dialect === 'sqlite' ? ' STRICT' : ''}`,
    'CREATE UNIQUE INDEX audit_entry_by_position ON audit_entry (tenant, position) WHERE position IS NOT NULL',
    'CREATE INDEX audit_entry_by_time ON audit_entry (tenant, at DESC, id DESC)',
    'CREATE INDEX audit_entry_by_principal ON audit_entry (tenant, principal_id, at DESC, id DESC)',
    'CREATE INDEX audit_entry_by_target ON audit_entry (tenant, target, at DESC, id DESC)',
  ],
}
