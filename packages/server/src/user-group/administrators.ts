import type { TenantId, UserGroupId, UserId } from '@fleetsweep/protocol'
import { type Expression, type SqlBool, sql } from 'kysely'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { RoleTables } from '../role/index.ts'
import type { UserTables } from '../user/index.ts'
import type { UserGroupTables } from './user-group-tables.ts'

/** What a write is about to take away; of several members, all must apply to a membership for it to go. */
export type Loss = {
  user?: UserId
  userGroup?: UserGroupId
  /** The administrator's role is assigned to these user groups alone. */
  assignedOnlyTo?: readonly UserGroupId[]
}

/**
 * True when a write would leave the tenant without an administrator who may sign in, and it has one now. The write
 * holds the lock of access, so that the answer is still true when it changes something.
 */
export function* losesLastAdministrator(
  tenant: TenantId,
  loss: Loss,
  context: WriteContext,
): WriteSteps<boolean> {
  const left = yield* run(administrators(tenant, context).where(not(isLost(loss))))
  if (left.length > 0) return false
  return (yield* run(administrators(tenant, context))).length > 0
}

function administrators(tenant: TenantId, { dialect }: WriteContext) {
  return tables<RoleTables & UserGroupTables & UserTables>(dialect)
    .selectFrom('access_role as role')
    .innerJoin('role_assignment as assigned', (join) =>
      join.onRef('assigned.tenant', '=', 'role.tenant').onRef('assigned.role', '=', 'role.id'),
    )
    .innerJoin('user_group_member as membership', (join) =>
      join
        .onRef('membership.tenant', '=', 'assigned.tenant')
        .onRef('membership.user_group', '=', 'assigned.user_group'),
    )
    .innerJoin('user_account as person', (join) =>
      join.onRef('person.tenant', '=', 'membership.tenant').onRef('person.id', '=', 'membership.member'),
    )
    .select('person.id')
    .where('role.tenant', '=', tenant)
    .where('role.is_administrator', '=', 1)
    .where('person.disabled_at', 'is', null)
    .limit(1)
}

function isLost({ user, userGroup, assignedOnlyTo }: Loss): Expression<SqlBool> {
  const conditions = [
    ...(user === undefined ? [] : [sql`person.id = ${user}`]),
    ...(userGroup === undefined ? [] : [sql`assigned.user_group = ${userGroup}`]),
    ...(assignedOnlyTo === undefined || assignedOnlyTo.length === 0
      ? []
      : [sql`assigned.user_group not in (${sql.join(assignedOnlyTo)})`]),
  ]
  return conditions.length === 0 ? sql`1 = 1` : sql`${sql.join(conditions, sql` and `)}`
}

function not(condition: Expression<SqlBool>): Expression<SqlBool> {
  return sql`not (${condition})`
}
