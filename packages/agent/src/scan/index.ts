export { createDefenderRunner } from './run-defender-scan.ts'
export { createScanRunner, type ScanRunnerParts } from './run-scan.ts'
export type { ScanOutcome, ScanRequest, ScanRunner } from './scan.ts'
export type { PlaceCap, ScanConfig } from './scan-config.ts'
