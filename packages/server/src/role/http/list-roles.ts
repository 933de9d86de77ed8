import { RoleList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { RoleService } from '../index.ts'

/** Roles, newest first. */
export const listRoles = operation({
  route: 'GET /fleet/v1/roles',
  summary: 'List roles',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  query: CursorQuery,
  answers: { 200: RoleList },
  handle: ({ query, principal }, { roles }: { roles: RoleService }) =>
    roles.list(principal.tenant, readCursorQuery(query)),
})
