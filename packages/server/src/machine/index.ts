export type { StoredMachine } from './machine.ts'
export { machineWithinReach } from './machine-reach.ts'
export { type RiskScore, raiseRisk, reassessRisk } from './machine-risk.ts'
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
