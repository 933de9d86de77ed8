import { DeviceGroupPreview, PreviewDeviceGroupBody } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { DeviceGroupService } from '../index.ts'

/** The machines that rules match, before a device group has them. Changes nothing. */
export const previewDeviceGroup = operation({
  route: 'POST /fleet/v1/deviceGroups/preview',
  summary: 'Show which machines rules match',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'machines' },
  body: PreviewDeviceGroupBody,
  answers: { 200: DeviceGroupPreview },
  handle: ({ body, principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) =>
    deviceGroups.preview(principal, body.rules),
})
