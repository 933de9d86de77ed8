import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** Takes somebody out of a user group. */
export const removeMember = operation({
  route: 'DELETE /fleet/v1/userGroups/:userGroupId/members/:userId',
  summary: 'Remove a member from a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { userGroups }: { userGroups: UserGroupService }) => {
    const { userGroupId, userId } = params
    await userGroups.removeMember(principal.tenant, auditPrincipal(principal), userGroupId, userId)
    return new Answer(204, null)
  },
})
