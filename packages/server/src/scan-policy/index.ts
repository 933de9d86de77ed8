export { DEFAULT_SCAN_POLICY, type StoredScanPolicy } from './scan-policy.ts'
export { type ScanPolicyService, scanPolicyService } from './scan-policy-service.ts'
export type { ScanPolicyStore } from './scan-policy-store.ts'
export { sqlScanPolicyStore } from './scan-policy-store-sql.ts'
export {
  changeScanPolicyWrite,
  readScanPolicy,
  removeScanPolicy,
  removeScanPolicyWrite,
} from './scan-policy-writes.ts'
