import type { Migration } from '../kit/db/migration.ts'

/** How often each caller has called lately, so that a restart forgets next to nothing of it. */
export const callCounts: Migration = {
  id: 6,
  name: 'call-counts',
  statements: ({ text, instant }, dialect) => [
    `CREATE TABLE call_count (tenant ${text} NOT NULL, call_class ${text} NOT NULL, caller ${text} NOT NULL,
       counts ${text} NOT NULL, counted_at ${instant} NOT NULL,
       PRIMARY KEY (tenant, call_class, caller))${dialect === 'sqlite' ? ' STRICT' : ''}`,
    'CREATE INDEX call_count_by_time ON call_count (counted_at)',
  ],
}
