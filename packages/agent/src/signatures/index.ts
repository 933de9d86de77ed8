export { type FreshclamOutcome, findFreshclam } from './freshclam.ts'
export { type MirrorPlace, ServerMirror } from './server-mirror.ts'
export { SignatureUpdater, UpdateRecord } from './signature-updater.ts'
export { updateOnOrder } from './update-on-order.ts'
