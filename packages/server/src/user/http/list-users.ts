import { UserList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { UserService } from '../index.ts'

/** People, newest first. */
export const listUsers = operation({
  route: 'GET /fleet/v1/users',
  summary: 'List users',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  query: CursorQuery,
  answers: { 200: UserList },
  handle: ({ query, principal }, { users }: { users: UserService }) =>
    users.list(principal.tenant, readCursorQuery(query)),
})
