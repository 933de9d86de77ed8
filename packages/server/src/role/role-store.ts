import type { RoleId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { Cursor } from '../kit/cursor.ts'
import type { BuiltIns, NewRole, RoleChange, StoredRole } from './role.ts'

/** Roles of one tenant. Every change counts from the next call on, on every node within a second. */
export interface RoleStore {
  /** Newest first; `after` is the last row of the page before. */
  list(query: { after?: Cursor | undefined; limit: number }): Promise<StoredRole[]>

  find(id: RoleId): Promise<StoredRole | undefined>

  /** `nameTaken`: another role is called so. `userGroupUnknown`: one of the user groups is not there. */
  create(role: NewRole, audit: AuditEntry): Promise<'created' | 'nameTaken' | 'userGroupUnknown'>

  /**
   * `builtIn`: of the administrator's role only the user groups change. `lastAdministrator`: nobody who may sign in
   * would be one any more.
   */
  change(
    id: RoleId,
    change: RoleChange,
    audit: AuditEntry,
  ): Promise<'changed' | 'unknown' | 'nameTaken' | 'userGroupUnknown' | 'builtIn' | 'lastAdministrator'>

  delete(id: RoleId, audit: AuditEntry): Promise<'deleted' | 'unknown' | 'builtIn'>

  /**
   * Makes what every tenant must have and does not: the administrator's role, and a user group that it is assigned to.
   * The ids are taken for what has to be made.
   */
  ensureBuiltIns(wanted: BuiltIns, audit: AuditEntry): Promise<BuiltIns>
}

/** The built-in role of a tenant, as `ensureBuiltIns` finds or makes it. */
export const ADMINISTRATOR_ROLE = {
  displayName: 'Administrator',
  description: 'May do everything, on every machine. Built in: only its user groups change.',
} as const

export const ADMINISTRATORS_GROUP = {
  displayName: 'Administrators',
  description: 'The people who administer this tenant.',
} as const
