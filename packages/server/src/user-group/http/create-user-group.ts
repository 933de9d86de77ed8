import { CreateUserGroupBody, UserGroup } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { UserGroupService } from '../index.ts'

/** Adds a user group. */
export const createUserGroup = operation({
  route: 'POST /fleet/v1/userGroups',
  summary: 'Add a user group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: CreateUserGroupBody,
  answers: { 201: UserGroup },
  handle: ({ body, principal }, { userGroups }: { userGroups: UserGroupService }) =>
    userGroups.create(principal.tenant, auditPrincipal(principal), body),
})
