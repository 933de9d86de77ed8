import { ChangeUserBody, User } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserService } from '../index.ts'

/** Changes a person; what the body does not name stays. */
export const changeUser = operation({
  route: 'PATCH /fleet/v1/users/:userId',
  summary: 'Change a user',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: ChangeUserBody,
  answers: { 200: User },
  handle: ({ params, body, principal }, { users }: { users: UserService }) =>
    users.change(principal.tenant, auditPrincipal(principal), params.userId, body),
})
