import type { TenantId, UserId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { forgetCredentials, forgetPerson } from '../sign-in/index.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import { areUserGroupsKnown, losesLastAdministrator, type UserGroupTables } from '../user-group/index.ts'
import type { UserChange } from './user.ts'
import type { NewUser, UserStore } from './user-store.ts'
import type { UserRow, UserTables } from './user-tables.ts'

type Outcome<Method extends 'create' | 'change' | 'delete'> = Awaited<ReturnType<UserStore[Method]>>

type CreateUser = { kind: 'user.create'; tenant: TenantId; user: NewUser; audit: AuditEntry }

export const createUserWrite = defineWrite<CreateUser, Outcome<'create'>>(
  'user.create',
  function* ({ tenant, user, audit }, context) {
    yield* lockAccess(tenant, context)
    if (!(yield* areUserGroupsKnown(tenant, user.groups, context))) return 'userGroupUnknown'
    const db = tables<UserTables & UserGroupTables>(context.dialect)
    const added = yield* run(
      db
        .insertInto('user_account')
        .values({
          tenant,
          id: user.id,
          user_principal_name: user.userPrincipalName,
          user_principal_name_lower: user.userPrincipalName.toLowerCase(),
          display_name: user.displayName,
          created_at: context.at,
          disabled_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    if (added.length === 0) return 'exists'
    for (const user_group of new Set(user.groups)) {
      yield* run(db.insertInto('user_group_member').values({ tenant, user_group, member: user.id }))
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

type ChangeUser = { kind: 'user.change'; tenant: TenantId; id: UserId; change: UserChange; audit: AuditEntry }

export const changeUserWrite = defineWrite<ChangeUser, Outcome<'change'>>(
  'user.change',
  function* ({ tenant, id, change: { displayName, disabled }, audit }, context) {
    yield* lockAccess(tenant, context)
    const known = yield* readUser(tenant, id, context)
    if (!known) return 'unknown'
    if (disabled === true && (yield* losesLastAdministrator(tenant, { user: id }, context))) {
      return 'lastAdministrator'
    }
    // Whoever is disabled already has been so since then.
    const disabledAt = disabled === true ? (known.disabled_at ?? context.at) : null
    yield* run(
      tables<UserTables>(context.dialect)
        .updateTable('user_account')
        .set({
          display_name: displayName ?? known.display_name,
          disabled_at: disabled === undefined ? known.disabled_at : disabledAt,
        })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, withName(audit, known), context)
    return 'changed'
  },
)

type DeleteUser = { kind: 'user.delete'; tenant: TenantId; id: UserId; audit: AuditEntry }

export const deleteUserWrite = defineWrite<DeleteUser, Outcome<'delete'>>(
  'user.delete',
  function* ({ tenant, id, audit }, context) {
    yield* lockAccess(tenant, context)
    const known = yield* readUser(tenant, id, context)
    if (!known) return 'unknown'
    if (yield* losesLastAdministrator(tenant, { user: id }, context)) return 'lastAdministrator'
    const db = tables<UserTables & UserGroupTables>(context.dialect)
    yield* run(db.deleteFrom('user_group_member').where('tenant', '=', tenant).where('member', '=', id))
    yield* forgetCredentials(tenant, id, context)
    yield* forgetPerson(tenant, id, context)
    yield* run(db.deleteFrom('user_account').where('tenant', '=', tenant).where('id', '=', id))
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, withName(audit, known), context)
    return 'deleted'
  },
)

function* readUser(tenant: TenantId, id: UserId, { dialect }: WriteContext): WriteSteps<UserRow | undefined> {
  const [row] = yield* run(
    tables<UserTables>(dialect)
      .selectFrom('user_account')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
  return row
}

/** A reader of the audit knows people by name, also when they are gone. */
function withName(audit: AuditEntry, { user_principal_name: userPrincipalName }: UserRow): AuditEntry {
  return { ...audit, detail: { userPrincipalName, ...audit.detail } }
}
