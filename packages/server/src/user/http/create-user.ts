import { CreateUserBody, User } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserService } from '../index.ts'

/** Adds a person. */
export const createUser = operation({
  route: 'POST /fleet/v1/users',
  summary: 'Add a user',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: CreateUserBody,
  answers: { 201: User },
  handle: ({ body, principal }, { users }: { users: UserService }) =>
    users.create(principal.tenant, auditPrincipal(principal), body),
})
