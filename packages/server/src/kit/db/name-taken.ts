import type { TenantId } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import { rawQuery } from './raw-query.ts'
import { run, type WriteContext, type WriteSteps } from './write.ts'

/**
 * True when another row of the tenant has this display name, in any case. For writes that hold the lock of what they
 * change: an update that meets a unique index would fail, where a refusal is wanted.
 *
 * @param table one with the columns `id` and `display_name_lower`
 * @param ownId the row that may keep its name; undefined for one that is to be added
 */
export function* isNameTaken(
  table: string,
  { tenant, displayName, ownId }: { tenant: TenantId; displayName: string; ownId?: string | number },
  { dialect }: WriteContext,
): WriteSteps<boolean> {
  const others = ownId === undefined ? sql`1 = 1` : sql`id <> ${ownId}`
  const rows = yield* run(
    rawQuery(
      dialect,
      sql`select id from ${sql.table(table)} where tenant = ${tenant} and display_name_lower = ${displayName.toLowerCase()} and ${others}`,
    ),
  )
  return rows.length > 0
}
