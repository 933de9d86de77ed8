export { assignMachines } from './assign-device-groups.ts'
export type { StoredDeviceGroup } from './device-group.ts'
export type { DeviceGroupTables } from './device-group-row.ts'
export { type DeviceGroupService, deviceGroupService } from './device-group-service.ts'
export type { DeviceGroupStore } from './device-group-store.ts'
export { sqlDeviceGroupStore } from './device-group-store-sql.ts'
export {
  changeDeviceGroupWrite,
  createDeviceGroupWrite,
  deleteDeviceGroupWrite,
  orderDeviceGroupsWrite,
} from './device-group-writes.ts'
export { linesOf, matchesRules } from './rules-to-sql.ts'
