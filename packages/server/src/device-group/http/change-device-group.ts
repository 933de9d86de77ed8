import { ChangeDeviceGroupBody, DeviceGroup } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** Changes a device group; what the body does not name stays. */
export const changeDeviceGroup = operation({
  route: 'PATCH /fleet/v1/deviceGroups/:deviceGroupId',
  summary: 'Change a device group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: ChangeDeviceGroupBody,
  answers: { 200: DeviceGroup },
  handle: ({ params, body, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.change(principal.tenant, auditPrincipal(principal), params.deviceGroupId, body),
})
