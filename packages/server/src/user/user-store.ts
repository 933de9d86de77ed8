import type { UserGroupId, UserId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { Cursor } from '../kit/cursor.ts'
import type { GroupedUser, StoredUser, UserAccess, UserChange } from './user.ts'

/** People of one tenant. Every change counts from the next call on, on every node within a second. */
export interface UserStore {
  /** Newest first; `after` is the last row of the page before, `group` leaves the people of that user group alone. */
  list(query: {
    group?: UserGroupId | undefined
    after?: Cursor | undefined
    limit: number
  }): Promise<GroupedUser[]>

  /** `exists`: somebody of that id or name is there already. `userGroupUnknown`: one of the groups is not there. */
  create(user: NewUser, audit: AuditEntry): Promise<'created' | 'exists' | 'userGroupUnknown'>

  /** `lastAdministrator`: nobody who may sign in would be one any more. */
  change(
    id: UserId,
    change: UserChange,
    audit: AuditEntry,
  ): Promise<'changed' | 'unknown' | 'lastAdministrator'>

  /** Takes them from their user groups, and forgets their password and sign-ins. */
  delete(id: UserId, audit: AuditEntry): Promise<'deleted' | 'unknown' | 'lastAdministrator'>

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
