export { type DetectionService, detectionService } from './detection-service.ts'
export type { DetectionStore, StoredDetection } from './detection-store.ts'
export { insertDetection, noteDisposition, sqlDetectionStore } from './detection-store-sql.ts'
export { fleetDetection } from './fleet-detection.ts'
