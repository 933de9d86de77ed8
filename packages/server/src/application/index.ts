export { hashApplicationSecret } from './application-secret.ts'
export { type ApplicationService, applicationService, type CallLimits } from './application-service.ts'
export type { ApplicationStore, StoredApplication, StoredSecret } from './application-store.ts'
export { createApplicationWrite, setLimitsWrite, sqlApplicationStore } from './application-store-sql.ts'
