import { DeviceGroupList, OrderDeviceGroupsBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** Ranks all device groups anew, the highest first. */
export const orderDeviceGroups = operation({
  route: 'PUT /fleet/v1/deviceGroups/order',
  summary: 'Rank all device groups anew',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: OrderDeviceGroupsBody,
  answers: { 200: DeviceGroupList },
  handle: ({ body, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.order(principal.tenant, auditPrincipal(principal), body.ids),
})
