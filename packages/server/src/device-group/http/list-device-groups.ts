import { DeviceGroupList } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** Device groups, the highest rank first, the ungrouped devices last. */
export const listDeviceGroups = operation({
  route: 'GET /fleet/v1/deviceGroups',
  summary: 'List device groups',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: DeviceGroupList },
  handle: ({ principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.list(principal.tenant),
})
