export { ADDRESSES_KEPT_MS, readAddressRequest } from './address-request.ts'
export { changeMachinesWrite } from './change-machines.ts'
export type { StoredMachine } from './machine.ts'
export { forgetAddressesWrite, noteAddresses, sqlOldAddresses } from './machine-addresses.ts'
export {
  readMachineNames,
  readTagChange,
  readUpdate,
  readValueChange,
} from './machine-change-request.ts'
export { machineAmongReached, machineInList, machineWithinReach } from './machine-reach.ts'
export { type RiskScore, raiseRisk, reassessRisk } from './machine-risk.ts'
export { inventoryColumns, type MachineTables, tagColumns } from './machine-row.ts'
export { type MachineService, machineService } from './machine-service.ts'
export type { MachineSelection, MachineStore, OldAddresses, SeenMachine } from './machine-store.ts'
export {
  holdOrdersWrite,
  lastHeardOf,
  recordInventoryWrite,
  recordSeenWrite,
  sqlMachineStore,
} from './machine-store-sql.ts'
export { showMachine } from './show-machine.ts'
export { showMachineEngine } from './show-machine-engine.ts'
