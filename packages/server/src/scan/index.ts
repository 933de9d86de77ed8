export { prepareOrderWrite } from './prepare-order.ts'
export { reconcileWrite } from './reconcile.ts'
export type { ScanRecord } from './scan-record.ts'
export { type ScanService, scanService } from './scan-service.ts'
export type {
  EventTaken,
  IncomingEvent,
  OwedOrder,
  PreparedOrder,
  Reconciled,
  ScanStore,
} from './scan-store.ts'
export { recordProgressWrite, sqlScanStore } from './scan-store-sql.ts'
export { type AskedScan, orderStop, readAskedScan, startScanRecord } from './scan-writes.ts'
export { type AllowedSilence, describeSilence } from './silence.ts'
export { takeEventWrite } from './take-event.ts'
