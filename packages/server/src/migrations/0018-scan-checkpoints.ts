import type { Migration } from '../kit/db/migration.ts'

/** Which scans can go on where they were: those may be silent for longer. */
export const scanCheckpoints: Migration = {
  id: 18,
  name: 'scan checkpoints',
  statements: ({ instant }) => [`ALTER TABLE scan ADD COLUMN checkpoint_at ${instant}`],
}
