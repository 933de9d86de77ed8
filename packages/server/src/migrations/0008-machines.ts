import type { Migration } from '../kit/db/migration.ts'

/** What people say of machines, and which addresses machines had when. */
export const machines: Migration = {
  id: 8,
  name: 'machines',
  statements: ({ text, instant }, dialect) => [
    `ALTER TABLE machine ADD COLUMN device_value ${text} NOT NULL DEFAULT 'Normal'`,
    // A span without an end goes on: it lasts until its machine was last heard of.
    `CREATE TABLE machine_address (tenant ${text} NOT NULL, machine ${text} NOT NULL, ip ${text} NOT NULL,
       first_seen ${instant} NOT NULL, last_seen ${instant},
       PRIMARY KEY (tenant, machine, ip, first_seen))${dialect === 'sqlite' ? ' STRICT' : ''}`,
    'CREATE INDEX machine_address_by_ip ON machine_address (tenant, ip, first_seen)',
    'CREATE UNIQUE INDEX machine_address_open ON machine_address (tenant, machine, ip) WHERE last_seen IS NULL',
    'CREATE INDEX machine_address_by_end ON machine_address (last_seen) WHERE last_seen IS NOT NULL',
  ],
}
