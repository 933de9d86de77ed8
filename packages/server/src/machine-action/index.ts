export { ActionWaits } from './action-waits.ts'
export { type FleetEventService, fleetEventService } from './fleet-event-service.ts'
export {
  IDEMPOTENCY_KEYS_KEPT_MS,
  type IdempotencyKey,
  idempotencyOf,
  readIdempotencyKey,
} from './idempotency-key.ts'
export {
  findKeptAnswer,
  forgetIdempotencyKeysWrite,
  keepAnswer,
  type OldIdempotencyKeys,
  sqlOldIdempotencyKeys,
} from './idempotency-key-writes.ts'
export { DEFAULT_TIME_OUT_MS, type StoredMachineAction } from './machine-action.ts'
export { type MachineActionService, machineActionService } from './machine-action-service.ts'
export type { MachineActionStore, MachineActionTimeouts } from './machine-action-store.ts'
export {
  cancelWrite,
  expireWrite,
  requestScanWrite,
  sqlMachineActionStore,
  sqlMachineActionTimeouts,
} from './machine-action-store-sql.ts'
export { moveMachineAction, postponeTimeOut, readForUpdate } from './move-machine-action.ts'
export { readUntilEnded, type WaitServices } from './read-until-ended.ts'
export {
  readActionComment,
  readCancelComment,
  readFleetScanRequest,
  readScanRequest,
  type ScanRequest,
  TRANSLATED_NAMES,
} from './scan-request.ts'
export { showMachineAction } from './show-machine-action.ts'
