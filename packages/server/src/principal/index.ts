export type { CallCountStore, StoredCallCount } from './call-count-store.ts'
export { removeCallCountsWrite, saveCallCountsWrite, sqlCallCountStore } from './call-count-store-sql.ts'
export { PrincipalCallLimiter } from './call-limiter.ts'
export { CALL_LIMITS } from './call-limits.ts'
export { operation } from './operation.ts'
export {
  ALL_MACHINES,
  auditPrincipal,
  isAccessRefused,
  type Principal,
  type Reach,
  reaches,
} from './principal.ts'
