import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** Removes a user group for good. */
export const deleteUserGroup = operation({
  route: 'DELETE /fleet/v1/userGroups/:userGroupId',
  summary: 'Delete a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { userGroups }: { userGroups: UserGroupService }) => {
    await userGroups.delete(principal.tenant, auditPrincipal(principal), params.userGroupId)
    return new Answer(204, null)
  },
})
