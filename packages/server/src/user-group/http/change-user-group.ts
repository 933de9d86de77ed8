import { ChangeUserGroupBody, UserGroup } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** Changes a user group; what the body does not name stays. */
export const changeUserGroup = operation({
  route: 'PATCH /fleet/v1/userGroups/:userGroupId',
  summary: 'Change a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: ChangeUserGroupBody,
  answers: { 200: UserGroup },
  handle: ({ params, body, principal }, { userGroups }: { userGroups: UserGroupService }) =>
    userGroups.change(principal.tenant, auditPrincipal(principal), params.userGroupId, body),
})
