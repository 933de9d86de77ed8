import {
  type ChangeUserBody,
  type CreateUserBody,
  formatInstant,
  isGuid,
  type TenantId,
  type User,
  type UserGroupId,
  type UserId,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import { type AccessChangeParts, accessChange } from '../tenant/index.ts'
import type { GroupedUser } from './user.ts'
import type { UserStore } from './user-store.ts'

/**
 * People. Every method that names somebody takes an id or a user principal name in any case, and throws ApiError
 * `ResourceNotFound` when there is nobody of it.
 */
export type UserService = {
  /** Newest first, a page at a time; those of one user group where it is given. */
  list(
    tenant: TenantId,
    query: { group?: UserGroupId | undefined; after?: Cursor | undefined; limit: number },
  ): Promise<{ items: User[]; nextCursor: string | null }>
  get(tenant: TenantId, idOrName: string): Promise<User>
  /** @throws ApiError `InvalidInput` when the name is taken, or a user group is not there */
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateUserBody): Promise<User>
  /** @throws ApiError `InvalidInput` for disabling the last administrator */
  change(tenant: TenantId, by: AuditPrincipal, idOrName: string, change: ChangeUserBody): Promise<User>
  /** @throws ApiError `InvalidInput` for the last administrator */
  delete(tenant: TenantId, by: AuditPrincipal, idOrName: string): Promise<void>
}

const LAST_ADMINISTRATOR =
  'This is the last administrator who may sign in. Make somebody else an administrator first.'

export function userService(
  parts: AccessChangeParts & { usersOf: (tenant: TenantId) => UserStore },
): UserService {
  const { usersOf, newId } = parts
  const change = accessChange(parts)

  const find = async (tenant: TenantId, idOrName: string): Promise<GroupedUser> => {
    const store = usersOf(tenant)
    const user = isGuid(idOrName)
      ? await store.find(idOrName.toLowerCase() as UserId)
      : await store.findByName(idOrName)
    if (!user) throw unknown(idOrName)
    return { ...user, groups: await store.groupsOf(user.id) }
  }

  return {
    get: async (tenant, idOrName) => shown(await find(tenant, idOrName)),
    async list(tenant, { group, after, limit }) {
      const rows = await usersOf(tenant).list({ group, after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shown)
    },
    async create(tenant, by, { userPrincipalName, displayName, userGroupIds = [] }) {
      const id = newId() as UserId
      const groups = userGroupIds.map((group) => group.toLowerCase() as UserGroupId)
      const detail = { userPrincipalName, displayName, userGroupIds: groups }
      const outcome = await change(tenant, { by, operation: 'user.create', target: id, detail }, (audit) =>
        usersOf(tenant).create({ id, userPrincipalName, displayName, groups }, audit),
      )
      if (outcome === 'exists') {
        throw new ApiError('InvalidInput', `There is somebody called ${userPrincipalName} already.`)
      }
      if (outcome === 'userGroupUnknown') {
        throw new ApiError('InvalidInput', 'userGroupIds names a user group that does not exist.')
      }
      return shown(await find(tenant, id))
    },
    async change(tenant, by, idOrName, { displayName, disabled }) {
      const wanted = present({ displayName, disabled })
      const { id } = await find(tenant, idOrName)
      const entry = { by, operation: 'user.change', target: id, detail: wanted }
      const outcome = await change(tenant, entry, (audit) => usersOf(tenant).change(id, wanted, audit))
      if (outcome === 'unknown') throw unknown(idOrName)
      if (outcome === 'lastAdministrator') throw new ApiError('InvalidInput', LAST_ADMINISTRATOR)
      return shown(await find(tenant, id))
    },
    async delete(tenant, by, idOrName) {
      const { id } = await find(tenant, idOrName)
      const entry = { by, operation: 'user.delete', target: id }
      const outcome = await change(tenant, entry, (audit) => usersOf(tenant).delete(id, audit))
      if (outcome === 'unknown') throw unknown(idOrName)
      if (outcome === 'lastAdministrator') throw new ApiError('InvalidInput', LAST_ADMINISTRATOR)
    },
  }
}

function unknown(idOrName: string): ApiError {
  return notFound(`The person ${idOrName}`)
}

function shown({ createdAt, disabledAt, groups, ...user }: GroupedUser): User {
  return {
    ...user,
    createdAt: formatInstant(createdAt),
    disabledAt: disabledAt === null ? null : formatInstant(disabledAt),
    userGroupIds: groups,
  }
}
