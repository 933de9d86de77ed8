import { ChangeRoleBody, Role } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { RoleService } from '../index.ts'

/** Changes a role; what the body does not name stays. */
export const changeRole = operation({
  route: 'PATCH /fleet/v1/roles/:roleId',
  summary: 'Change a role',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: ChangeRoleBody,
  answers: { 200: Role },
  handle: ({ params, body, principal }, { roles }: { roles: RoleService }) =>
    roles.change(principal.tenant, auditPrincipal(principal), params.roleId, body),
})
