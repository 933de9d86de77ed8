export { raiseSecurityEpoch, SecurityEpochs } from './security-epoch.ts'
export { type TenantService, tenantService } from './tenant-service.ts'
export { RESERVED_NAMES, type StoredTenant, type TenantStore } from './tenant-store.ts'
export { createTenantWrite, setServerIdWrite, sqlTenantStore } from './tenant-store-sql.ts'
