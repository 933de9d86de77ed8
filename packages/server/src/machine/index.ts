export type { StoredMachine } from './machine.ts'
export { machineAmongReached, machineWithinReach } from './machine-reach.ts'
export { inventoryColumns, type MachineTables, tagColumns } from './machine-row.ts'
export { type MachineService, machineService } from './machine-service.ts'
export type { MachineStore } from './machine-store.ts'
export {
  holdOrdersWrite,
  recordInventoryWrite,
  recordSeenWrite,
  sqlMachineStore,
} from './machine-store-sql.ts'
export { showMachine } from './show-machine.ts'
