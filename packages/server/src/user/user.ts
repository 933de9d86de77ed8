import type { Instant, RolePermission, UserGroupId, UserId } from '@fleetsweep/protocol'
import type { Reach } from '../principal/index.ts'

/** A person who may sign in. */
export type StoredUser = {
  id: UserId
  /** What they sign in with, such as `ada@contoso.example`; compared without case. */
  userPrincipalName: string
  displayName: string
  createdAt: Instant
  /** Since when they may not sign in any more; null while they may. */
  disabledAt: Instant | null
}

/** Somebody with the user groups that they are in. */
export type GroupedUser = StoredUser & { groups: UserGroupId[] }

/** What is absent stays. */
export type UserChange = { displayName?: string; disabled?: boolean }

/** What somebody may do, and where, by the user groups that they are in. */
export type UserAccess = { rolePermissions: RolePermission[]; reach: Reach }
