import { CreateRoleBody, Role } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { RoleService } from '../index.ts'

/** Adds a role. */
export const createRole = operation({
  route: 'POST /fleet/v1/roles',
  summary: 'Add a role',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: CreateRoleBody,
  answers: { 201: Role },
  handle: ({ body, principal }, { roles }: { roles: RoleService }) =>
    roles.create(principal.tenant, auditPrincipal(principal), body),
})
