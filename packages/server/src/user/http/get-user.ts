import { User } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { UserService } from '../index.ts'

/** One person. */
export const getUser = operation({
  route: 'GET /fleet/v1/users/:userId',
  summary: 'Get a user',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: User },
  handle: ({ params, principal }, { users }: { users: UserService }) =>
    users.get(principal.tenant, params.userId),
})
