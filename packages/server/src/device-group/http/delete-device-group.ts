import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** Removes a device group for good. */
export const deleteDeviceGroup = operation({
  route: 'DELETE /fleet/v1/deviceGroups/:deviceGroupId',
  summary: 'Delete a device group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) => {
    await deviceGroups.delete(principal.tenant, auditPrincipal(principal), params.deviceGroupId)
    return new Answer(204, null)
  },
})
