import type { UserGroupId, UserId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { Cursor } from '../kit/cursor.ts'
import type { NewUserGroup, StoredUserGroup, UserGroupChange } from './user-group.ts'

/** User groups of one tenant, and who is in them. Every change counts from the next call on, on every node within a second. */
export interface UserGroupStore {
  /** Newest first; `after` is the last row of the page before. */
  list(query: { after?: Cursor | undefined; limit: number }): Promise<StoredUserGroup[]>

  find(id: UserGroupId): Promise<StoredUserGroup | undefined>

  /** `nameTaken`, `externalIdTaken`: another group has it. */
  create(group: NewUserGroup, audit: AuditEntry): Promise<'created' | 'nameTaken' | 'externalIdTaken'>

  change(
    id: UserGroupId,
    change: UserGroupChange,
    audit: AuditEntry,
  ): Promise<'changed' | 'unknown' | 'nameTaken' | 'externalIdTaken'>

  /**
   * Takes it from its roles and device groups, too. `lastAdministrator`: nobody who may sign in would be one any more.
   * `namedAlone`: these device groups name no other user group, and without one they would be open to everybody.
   */
  delete(
    id: UserGroupId,
    audit: AuditEntry,
  ): Promise<'deleted' | 'unknown' | 'lastAdministrator' | { namedAlone: string[] }>

  /** `unknown`: there is no such group, or no such person. Somebody who is in it stays in it. */
  addMember(id: UserGroupId, user: UserId, audit: AuditEntry): Promise<'added' | 'unknown'>

  /** `unknown`: there is no such group, or that person is not in it. */
  removeMember(
    id: UserGroupId,
    user: UserId,
    audit: AuditEntry,
  ): Promise<'removed' | 'unknown' | 'lastAdministrator'>
}
