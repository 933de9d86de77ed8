import type { UserGroupId, UserId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { StoredUser, UserAccess } from './user.ts'

/** People of one tenant. */
export interface UserStore {
  /** `exists`: somebody of that id or name is there already, and nothing changed. */
  create(user: NewUser, audit: AuditEntry): Promise<'created' | 'exists'>

  find(id: UserId): Promise<StoredUser | undefined>

  /** By user principal name, in any case. */
  findByName(userPrincipalName: string): Promise<StoredUser | undefined>

  /** The user groups that somebody is in. */
  groupsOf(id: UserId): Promise<UserGroupId[]>

  /** The user groups that stand for groups of an external directory. */
  groupsByExternalId(externalIds: readonly string[]): Promise<UserGroupId[]>

  /**
   * What the roles of these user groups allow, and which machines they reach. Nothing and no machine without a role;
   * everything and every machine with an administrator's.
   */
  accessOf(groups: readonly UserGroupId[]): Promise<UserAccess>
}

export type NewUser = {
  id: UserId
  userPrincipalName: string
  displayName: string
  /** User groups to be in from the start. */
  groups: readonly UserGroupId[]
}
