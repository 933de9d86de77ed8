import type { TenantId, UserGroupId, UserId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { lockAccess, raiseSecurityEpoch } from '../tenant/index.ts'
import type { UserTables } from '../user/index.ts'
import { losesLastAdministrator } from './administrators.ts'
import type { UserGroupStore } from './user-group-store.ts'
import type { UserGroupTables } from './user-group-tables.ts'
import { readUserGroup } from './user-group-writes.ts'

type Membership<Kind extends string> = {
  kind: Kind
  tenant: TenantId
  id: UserGroupId
  user: UserId
  audit: AuditEntry
}
type Outcome<Method extends 'addMember' | 'removeMember'> = Awaited<ReturnType<UserGroupStore[Method]>>

export const addMemberWrite = defineWrite<Membership<'userGroup.addMember'>, Outcome<'addMember'>>(
  'userGroup.addMember',
  function* ({ tenant, id, user, audit }, context) {
    yield* lockAccess(tenant, context)
    const db = tables<UserGroupTables & UserTables>(context.dialect)
    const group = yield* readUserGroup(tenant, id, context)
    const [person] = yield* run(
      db
        .selectFrom('user_account')
        .select('user_principal_name')
        .where('tenant', '=', tenant)
        .where('id', '=', user),
    )
    if (!group || !person) return 'unknown'
    const added = yield* run(
      db
        .insertInto('user_group_member')
        .values({ tenant, user_group: id, member: user })
        .onConflict((conflict) => conflict.doNothing())
        .returning('member'),
    )
    if (added.length === 0) return 'added'
    yield* raiseSecurityEpoch(tenant, context)
    const detail = { ...audit.detail, displayName: group.display_name, member: person.user_principal_name }
    yield* writeAudit(tenant, { ...audit, detail }, context)
    return 'added'
  },
)

export const removeMemberWrite = defineWrite<Membership<'userGroup.removeMember'>, Outcome<'removeMember'>>(
  'userGroup.removeMember',
  function* ({ tenant, id, user, audit }, context) {
    yield* lockAccess(tenant, context)
    if (yield* losesLastAdministrator(tenant, { userGroup: id, user }, context)) return 'lastAdministrator'
    const removed = yield* run(
      tables<UserGroupTables>(context.dialect)
        .deleteFrom('user_group_member')
        .where('tenant', '=', tenant)
        .where('user_group', '=', id)
        .where('member', '=', user)
        .returning('member'),
    )
    if (removed.length === 0) return 'unknown'
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'removed'
  },
)
