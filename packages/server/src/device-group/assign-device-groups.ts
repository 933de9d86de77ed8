import { type MachineId, type TenantId, UNGROUPED } from '@fleetsweep/protocol'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { rawQuery } from '../kit/db/raw-query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { type DeviceGroupTables, readRules } from './device-group-row.ts'
import { matchesRules } from './rules-to-sql.ts'

/**
 * Part of every write that changes what rules look at in machines: puts each into the group that has it now. The write
 * calls `lockAccessShared` before it changes a machine: then a change of the rules comes wholly before it or after.
 */
export function* assignMachines(
  tenant: TenantId,
  ids: readonly MachineId[],
  context: WriteContext,
): WriteSteps<void> {
  const group = yield* groupOfMachine(tenant, context)
  // Where there are no groups, every machine is ungrouped already.
  if (group === undefined || ids.length === 0) return
  yield* run(
    rawQuery(
      context.dialect,
      sql`update machine set device_group = ${group} where tenant = ${tenant} and id in (${sql.join(ids)})`,
    ),
  )
}

/** Part of every write that changes rules or ranks: moves all machines that are in another group now. */
export function* assignAllMachines(tenant: TenantId, context: WriteContext): WriteSteps<void> {
  const group = (yield* groupOfMachine(tenant, context)) ?? sql.lit(UNGROUPED)
  if (context.dialect === 'postgres') yield* run(allowTime(context.dialect, { limit: `${LONGEST_MS}` }))
  // Each machine is judged once, and only those that move are written.
  yield* run(
    rawQuery(
      context.dialect,
      sql`update machine set device_group = judged.device_group
        from (select id, ${group} as device_group from machine where tenant = ${tenant}) as judged
        where machine.tenant = ${tenant} and machine.id = judged.id and machine.device_group <> judged.device_group`,
    ),
  )
}

/** A hundred thousand machines that all move take some seconds, more than a million may: longer than calls may take. */
const LONGEST_MS = 300_000

/** Until the end of the transaction. */
const allowTime = prepare((db: Kysely<unknown>, { limit }: { limit: string }) =>
  db.selectNoFrom(sql`set_config('statement_timeout', ${limit}, true)`.as('set')),
)

/** The group that a row of `machine` belongs to: the first of the ranked ones that matches. `undefined` without any. */
function* groupOfMachine(
  tenant: TenantId,
  { dialect }: WriteContext,
): WriteSteps<RawBuilder<number> | undefined> {
  const groups = yield* run(
    tables<DeviceGroupTables>(dialect)
      .selectFrom('device_group')
      .select(['id', 'rules'])
      .where('tenant', '=', tenant)
      .where('id', '>', UNGROUPED)
      .orderBy('group_rank'),
  )
  if (groups.length === 0) return undefined
  const cases = groups.map(({ id, rules }) => {
    return sql`when ${matchesRules(readRules(rules), dialect)} then ${sql.lit(id)}`
  })
  return sql<number>`(case ${sql.join(cases, sql` `)} else ${sql.lit(UNGROUPED)} end)`
}
