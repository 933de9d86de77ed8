export { type QuarantineService, quarantineService } from './quarantine-service.ts'
export type { QuarantineStore } from './quarantine-store.ts'
export { sqlQuarantineStore } from './quarantine-store-sql.ts'
export {
  noteQuarantined,
  noteRestored,
  noteRestoreFailed,
  type TellingMachine,
  whyNotRestored,
  whyNotTaken,
} from './quarantine-writes.ts'
export type { StoredQuarantinedFile } from './quarantined-file.ts'
export { showQuarantinedFile } from './show-quarantined-file.ts'
export { takeWordWrite } from './take-word.ts'
