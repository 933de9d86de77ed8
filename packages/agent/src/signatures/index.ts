export { type FreshclamOutcome, findFreshclam } from './freshclam.ts'
export { SignatureUpdater, UpdateRecord } from './signature-updater.ts'
