import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** Puts somebody into a user group; somebody who is in it stays in it. */
export const addMember = operation({
  route: 'PUT /fleet/v1/userGroups/:userGroupId/members/:userId',
  summary: 'Add a member to a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { userGroups }: { userGroups: UserGroupService }) => {
    const { userGroupId, userId } = params
    await userGroups.addMember(principal.tenant, auditPrincipal(principal), userGroupId, userId)
    return new Answer(204, null)
  },
})
