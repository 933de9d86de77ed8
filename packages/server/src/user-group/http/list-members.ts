import { type UserGroupId, UserList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { UserService } from '../../user/index.ts'
import type { UserGroupService } from '../index.ts'

/** The people of a user group, newest first. */
export const listMembers = operation({
  route: 'GET /fleet/v1/userGroups/:userGroupId/members',
  summary: 'List the members of a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  query: CursorQuery,
  answers: { 200: UserList },
  handle: async (
    { params, query, principal: { tenant } },
    { userGroups, users }: { userGroups: UserGroupService; users: UserService },
  ) => {
    const { id } = await userGroups.get(tenant, params.userGroupId)
    return users.list(tenant, { ...readCursorQuery(query), group: id as UserGroupId })
  },
})
