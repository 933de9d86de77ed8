import { CreateDeviceGroupBody, DeviceGroup } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** Adds a device group. */
export const createDeviceGroup = operation({
  route: 'POST /fleet/v1/deviceGroups',
  summary: 'Add a device group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: CreateDeviceGroupBody,
  answers: { 201: DeviceGroup },
  handle: ({ body, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.create(principal.tenant, auditPrincipal(principal), body),
})
