import type { Migration } from '../kit/db/migration.ts'

/** How scans are to be made, what was asked of each, and the long lists that machines send afterwards. */
export const scanPolicies: Migration = {
  id: 13,
  name: 'scan policies',
  statements: ({ text, instant, integer, bytes }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      table(
        'scan_policy',
        `tenant ${text} NOT NULL, device_group ${integer} NOT NULL, settings ${text} NOT NULL,
         changed_at ${instant} NOT NULL, PRIMARY KEY (tenant, device_group)`,
      ),
      `ALTER TABLE scan ADD COLUMN paths ${text}`,
      `ALTER TABLE scan ADD COLUMN rescan ${integer} NOT NULL DEFAULT 0`,
      // Written when the order first goes out, so that the record says what the machine was told.
      `ALTER TABLE scan ADD COLUMN settings ${text}`,
      table(
        'idempotency_key',
        `tenant ${text} NOT NULL, principal ${text} NOT NULL, idempotency_key ${text} NOT NULL,
         fingerprint ${text} NOT NULL, action ${text} NOT NULL, created_at ${instant} NOT NULL,
         PRIMARY KEY (tenant, principal, idempotency_key)`,
      ),
      'CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at)',
      table(
        'attachment',
        `tenant ${text} NOT NULL, action ${text} NOT NULL, kind ${text} NOT NULL, machine ${text} NOT NULL,
         sha256 ${text} NOT NULL, size_bytes ${integer} NOT NULL, received_bytes ${integer} NOT NULL,
         created_at ${instant} NOT NULL, completed_at ${instant}, PRIMARY KEY (tenant, action, kind)`,
      ),
      // The size stands behind the key: how much a machine or a tenant has is told by the index alone.
      'CREATE INDEX attachment_by_machine ON attachment (tenant, machine, size_bytes)',
      'CREATE INDEX attachment_by_age ON attachment (created_at)',
      table(
        'attachment_piece',
        `tenant ${text} NOT NULL, action ${text} NOT NULL, kind ${text} NOT NULL, at_byte ${integer} NOT NULL,
         content ${bytes} NOT NULL, PRIMARY KEY (tenant, action, kind, at_byte)`,
      ),
    ]
  },
}
