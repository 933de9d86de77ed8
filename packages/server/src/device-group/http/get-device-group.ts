import { DeviceGroup } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** One device group. */
export const getDeviceGroup = operation({
  route: 'GET /fleet/v1/deviceGroups/:deviceGroupId',
  summary: 'Get a device group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: DeviceGroup },
  handle: ({ params, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.get(principal.tenant, params.deviceGroupId),
})
