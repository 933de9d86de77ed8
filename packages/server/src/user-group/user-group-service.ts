import {
  type ChangeUserGroupBody,
  type CreateUserGroupBody,
  formatInstant,
  isGuid,
  type TenantId,
  type UserGroup,
  type UserGroupId,
  type UserId,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import { type AccessChangeParts, accessChange } from '../tenant/index.ts'
import type { StoredUserGroup } from './user-group.ts'
import type { UserGroupStore } from './user-group-store.ts'

/**
 * Sets of people. Every method that names a user group throws ApiError `ResourceNotFound` when there is none of that
 * id, and every one that changes something ApiError `InvalidInput` with what stands in the way.
 */
export type UserGroupService = {
  /** Newest first, a page at a time. */
  list(
    tenant: TenantId,
    query: { after?: Cursor | undefined; limit: number },
  ): Promise<{ items: UserGroup[]; nextCursor: string | null }>
  get(tenant: TenantId, id: string): Promise<UserGroup>
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateUserGroupBody): Promise<UserGroup>
  change(tenant: TenantId, by: AuditPrincipal, id: string, change: ChangeUserGroupBody): Promise<UserGroup>
  delete(tenant: TenantId, by: AuditPrincipal, id: string): Promise<void>
  /** Somebody who is in it stays in it. */
  addMember(tenant: TenantId, by: AuditPrincipal, id: string, userId: string): Promise<void>
  removeMember(tenant: TenantId, by: AuditPrincipal, id: string, userId: string): Promise<void>
}

const WHY_REFUSED = {
  nameTaken: 'Another user group has this displayName.',
  externalIdTaken: 'Another user group stands for this externalId.',
  lastAdministrator:
    'Nobody who may sign in would be an administrator any more. Make somebody else an administrator first.',
} as const

export function userGroupService(
  parts: AccessChangeParts & { userGroupsOf: (tenant: TenantId) => UserGroupStore },
): UserGroupService {
  const { userGroupsOf, newId } = parts
  const change = accessChange(parts)

  const get = async (tenant: TenantId, text: string): Promise<UserGroup> => {
    const group = isGuid(text)
      ? await userGroupsOf(tenant).find(text.toLowerCase() as UserGroupId)
      : undefined
    if (!group) throw unknown(text)
    return shown(group)
  }

  const changeMember = async (
    tenant: TenantId,
    by: AuditPrincipal,
    method: 'addMember' | 'removeMember',
    ids: { id: string; userId: string },
  ): Promise<void> => {
    const target = (await get(tenant, ids.id)).id as UserGroupId
    const user = ids.userId.toLowerCase() as UserId
    const operation = `userGroup.${method}`
    const outcome = await change(tenant, { by, operation, target, detail: { userId: user } }, (audit) =>
      userGroupsOf(tenant)[method](target, user, audit),
    )
    if (outcome === 'unknown') throw notFound(`The person ${ids.userId}`)
    if (outcome === 'lastAdministrator') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
  }

  return {
    get,
    async list(tenant, { after, limit }) {
      const rows = await userGroupsOf(tenant).list({ after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shown)
    },
    async create(tenant, by, { displayName, description = '', externalId = null }) {
      const id = newId() as UserGroupId
      const detail = { displayName, description, externalId }
      const outcome = await change(
        tenant,
        { by, operation: 'userGroup.create', target: id, detail },
        (audit) => userGroupsOf(tenant).create({ id, ...detail }, audit),
      )
      if (outcome !== 'created') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, id)
    },
    async change(tenant, by, text, { displayName, description, externalId }) {
      const wanted = present({ displayName, description, externalId })
      const id = (await get(tenant, text)).id as UserGroupId
      const entry = { by, operation: 'userGroup.change', target: id, detail: wanted }
      const outcome = await change(tenant, entry, (audit) => userGroupsOf(tenant).change(id, wanted, audit))
      if (outcome === 'unknown') throw unknown(text)
      if (outcome !== 'changed') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, id)
    },
    async delete(tenant, by, text) {
      const id = (await get(tenant, text)).id as UserGroupId
      const entry = { by, operation: 'userGroup.delete', target: id }
      const outcome = await change(tenant, entry, (audit) => userGroupsOf(tenant).delete(id, audit))
      if (outcome === 'deleted') return
      if (outcome === 'unknown') throw unknown(text)
      if (outcome === 'lastAdministrator') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      throw new ApiError(
        'InvalidInput',
        `Without this user group, everybody who has a role would reach the machines of ${outcome.namedAlone.join(', ')}. Name another user group there first.`,
      )
    },
    addMember: (tenant, by, id, userId) => changeMember(tenant, by, 'addMember', { id, userId }),
    removeMember: (tenant, by, id, userId) => changeMember(tenant, by, 'removeMember', { id, userId }),
  }
}

function unknown(text: string): ApiError {
  return notFound(`The user group ${text}`)
}

function shown({ createdAt, ...group }: StoredUserGroup): UserGroup {
  return { ...group, createdAt: formatInstant(createdAt) }
}
