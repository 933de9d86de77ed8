import type { Instant, RoleId, RolePermission, UserGroupId } from '@fleetsweep/protocol'

/** What the people of its user groups may do. */
export type StoredRole = {
  id: RoleId
  displayName: string
  description: string
  /** The built-in role: it holds everything, and only its user groups change. */
  isAdministrator: boolean
  permissions: RolePermission[]
  userGroups: UserGroupId[]
  createdAt: Instant
}

export type NewRole = Omit<StoredRole, 'createdAt' | 'isAdministrator'>

/** What is absent stays. */
export type RoleChange = Partial<Omit<NewRole, 'id'>>

/** The built-in role, and the oldest user group that it is assigned to. */
export type BuiltIns = { administratorRole: RoleId; administrators: UserGroupId }
