import { UserGroup } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** One user group. */
export const getUserGroup = operation({
  route: 'GET /fleet/v1/userGroups/:userGroupId',
  summary: 'Get a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: UserGroup },
  handle: ({ params, principal }, { userGroups }: { userGroups: UserGroupService }) =>
    userGroups.get(principal.tenant, params.userGroupId),
})
