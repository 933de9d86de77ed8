import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserService } from '../index.ts'

/** Removes a person for good. */
export const deleteUser = operation({
  route: 'DELETE /fleet/v1/users/:userId',
  summary: 'Delete a user',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { users }: { users: UserService }) => {
    await users.delete(principal.tenant, auditPrincipal(principal), params.userId)
    return new Answer(204, null)
  },
})
