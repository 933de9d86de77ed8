import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { RoleService } from '../index.ts'

/** Removes a role for good. */
export const deleteRole = operation({
  route: 'DELETE /fleet/v1/roles/:roleId',
  summary: 'Delete a role',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { roles }: { roles: RoleService }) => {
    await roles.delete(principal.tenant, auditPrincipal(principal), params.roleId)
    return new Answer(204, null)
  },
})
