export type { ApplicationStore, StoredApplication, StoredSecret } from './application-store.ts'
export { createApplicationWrite, setLimitsWrite, sqlApplicationStore } from './application-store-sql.ts'
