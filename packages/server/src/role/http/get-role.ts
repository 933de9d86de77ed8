import { Role } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { RoleService } from '../index.ts'

/** One role. */
export const getRole = operation({
  route: 'GET /fleet/v1/roles/:roleId',
  summary: 'Get a role',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: Role },
  handle: ({ params, principal }, { roles }: { roles: RoleService }) =>
    roles.get(principal.tenant, params.roleId),
})
