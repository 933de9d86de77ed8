import { UserGroupList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** User groups, newest first. */
export const listUserGroups = operation({
  route: 'GET /fleet/v1/userGroups',
  summary: 'List user groups',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  query: CursorQuery,
  answers: { 200: UserGroupList },
  handle: ({ query, principal }, { userGroups }: { userGroups: UserGroupService }) =>
    userGroups.list(principal.tenant, readCursorQuery(query)),
})
