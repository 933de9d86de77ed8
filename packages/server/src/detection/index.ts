export type { DetectionStore, StoredDetection } from './detection-store.ts'
export { insertDetection, sqlDetectionStore } from './detection-store-sql.ts'
