import {
  type ChangeRoleBody,
  type CreateRoleBody,
  formatInstant,
  isGuid,
  ROLE_PERMISSIONS,
  type Role,
  type RoleId,
  type TenantId,
  type UserGroupId,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import { type AccessChangeParts, accessChange } from '../tenant/index.ts'
import type { BuiltIns, StoredRole } from './role.ts'
import type { RoleStore } from './role-store.ts'

/**
 * What people may do. Every method that names a role throws ApiError `ResourceNotFound` when there is none of that id,
 * and every one that changes something ApiError `InvalidInput` with what stands in the way.
 */
export type RoleService = {
  /** Newest first, a page at a time. */
  list(
    tenant: TenantId,
    query: { after?: Cursor | undefined; limit: number },
  ): Promise<{ items: Role[]; nextCursor: string | null }>
  get(tenant: TenantId, id: string): Promise<Role>
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateRoleBody): Promise<Role>
  change(tenant: TenantId, by: AuditPrincipal, id: string, change: ChangeRoleBody): Promise<Role>
  delete(tenant: TenantId, by: AuditPrincipal, id: string): Promise<void>
  /**
   * Finds, and makes where it is missing, the administrator's role and a user group that it is assigned to: whoever is
   * put into that group is an administrator.
   */
  ensureBuiltIns(tenant: TenantId, by: AuditPrincipal): Promise<BuiltIns>
}

const WHY_REFUSED = {
  nameTaken: 'Another role has this displayName.',
  userGroupUnknown: 'userGroupIds names a user group that does not exist.',
  builtIn: 'The administrator role is built in: only its userGroupIds change.',
  lastAdministrator:
    'Nobody who may sign in would be an administrator any more. Give the role to a user group with enabled people first.',
} as const

export function roleService(
  parts: AccessChangeParts & { rolesOf: (tenant: TenantId) => RoleStore },
): RoleService {
  const { rolesOf, newId } = parts
  const change = accessChange(parts)

  const get = async (tenant: TenantId, text: string): Promise<Role> => {
    const role = isGuid(text) ? await rolesOf(tenant).find(text.toLowerCase() as RoleId) : undefined
    if (!role) throw unknown(text)
    return shown(role)
  }

  return {
    get,
    async list(tenant, { after, limit }) {
      const rows = await rolesOf(tenant).list({ after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shown)
    },
    async create(tenant, by, { displayName, description = '', permissions, userGroupIds = [] }) {
      const id = newId() as RoleId
      const role = { id, displayName, description, permissions, userGroups: groupIds(userGroupIds) }
      const detail = { displayName, description, permissions, userGroupIds }
      const outcome = await change(tenant, { by, operation: 'role.create', target: id, detail }, (audit) =>
        rolesOf(tenant).create(role, audit),
      )
      if (outcome !== 'created') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, id)
    },
    async change(tenant, by, text, { displayName, description, permissions, userGroupIds }) {
      const { id } = await get(tenant, text)
      const userGroups = userGroupIds && groupIds(userGroupIds)
      const wanted = present({ displayName, description, permissions, userGroups })
      const detail = { displayName, description, permissions, userGroupIds }
      const outcome = await change(tenant, { by, operation: 'role.change', target: id, detail }, (audit) =>
        rolesOf(tenant).change(id as RoleId, wanted, audit),
      )
      if (outcome === 'unknown') throw unknown(text)
      if (outcome !== 'changed') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, id)
    },
    async delete(tenant, by, text) {
      const { id } = await get(tenant, text)
      const outcome = await change(tenant, { by, operation: 'role.delete', target: id }, (audit) =>
        rolesOf(tenant).delete(id as RoleId, audit),
      )
      if (outcome === 'unknown') throw unknown(text)
      if (outcome !== 'deleted') {
        throw new ApiError('InvalidInput', 'The administrator role is built in and stays.')
      }
    },
    ensureBuiltIns(tenant, by) {
      const wanted = { administratorRole: newId() as RoleId, administrators: newId() as UserGroupId }
      const { administratorRole: target } = wanted
      return change(tenant, { by, operation: 'role.ensureBuiltIns', target }, (audit) =>
        rolesOf(tenant).ensureBuiltIns(wanted, audit),
      )
    },
  }
}

function unknown(text: string): ApiError {
  return notFound(`The role ${text}`)
}

function groupIds(ids: readonly string[]): UserGroupId[] {
  return ids.map((id) => id.toLowerCase() as UserGroupId)
}

function shown({ createdAt, isAdministrator, permissions, userGroups, ...role }: StoredRole): Role {
  return {
    ...role,
    isAdministrator,
    permissions: isAdministrator ? [...ROLE_PERMISSIONS] : permissions,
    userGroupIds: userGroups,
    createdAt: formatInstant(createdAt),
  }
}
