import { Me } from '@fleetsweep/protocol'
import type { DeviceGroupService } from '../../device-group/index.ts'
import { operation } from '../index.ts'

/** Whoever calls, and what they may do where. */
export const getMe = operation({
  route: 'GET /fleet/v1/me',
  summary: 'Get the caller',
  access: { signedIn: 'everybody may know who they are to this server, all the more when it refuses them' },
  answers: { 200: Me },
  handle: async ({ principal }, { deviceGroups }: { deviceGroups: DeviceGroupService }) => {
    const { kind, id, name, tenant, permissions, rolePermissions, reach } = principal
    return {
      kind,
      id,
      name,
      tenant,
      permissions: [...permissions].sort(),
      rolePermissions: rolePermissions && [...rolePermissions].sort(),
      reach:
        reach.kind === 'allMachines'
          ? { allMachines: true, deviceGroups: [] }
          : { allMachines: false, deviceGroups: await deviceGroups.namesOf(tenant, reach.ids) },
    }
  },
})
