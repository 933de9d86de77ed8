import type { AlertId, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { AlertRow, AlertTables } from './alert-row.ts'

/** The open alert of a key, kept from changing until the write is over. */
export function* openAlertOf(
  tenant: TenantId,
  openKey: string,
  context: WriteContext,
): WriteSteps<AlertRow | undefined> {
  const [claim] = yield* run(selectClaim(context.dialect, { tenant, openKey }))
  const alert = claim && (yield* alertForUpdate(tenant, claim.alert, context))
  // Another node may have resolved it before its row could be locked.
  return alert?.status === 'Resolved' ? undefined : alert
}

/** Makes an alert the open one of its key; false when there is one. */
export function* claimOpen(
  tenant: TenantId,
  openKey: string,
  alert: AlertId,
  { dialect }: WriteContext,
): WriteSteps<boolean> {
  const claimed = yield* run(insertClaim(dialect, { tenant, open_key: openKey, alert }))
  return claimed.length === 1
}

/** From then on the next detection of its key opens another alert. */
export function* releaseOpen(
  tenant: TenantId,
  openKey: string,
  alert: AlertId,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(deleteClaim(dialect, { tenant, open_key: openKey, alert }))
}

/** Reads an alert to decide about it; on PostgreSQL its row stays locked until the commit. */
export function* alertForUpdate(
  tenant: TenantId,
  id: string,
  { dialect }: WriteContext,
): WriteSteps<AlertRow | undefined> {
  const [row] = yield* run(selectForUpdate(dialect, { tenant, id }))
  return row
}

const selectClaim = prepare(
  (db: Kysely<AlertTables>, { tenant, openKey }: { tenant: string; openKey: string }) =>
    db.selectFrom('open_alert').select('alert').where('tenant', '=', tenant).where('open_key', '=', openKey),
)

const insertClaim = prepare((db: Kysely<AlertTables>, claim: AlertTables['open_alert']) =>
  db
    .insertInto('open_alert')
    .values(claim)
    .onConflict((conflict) => conflict.doNothing())
    .returning('alert'),
)

const deleteClaim = prepare((db: Kysely<AlertTables>, claim: AlertTables['open_alert']) =>
  db
    .deleteFrom('open_alert')
    .where('tenant', '=', claim.tenant)
    .where('open_key', '=', claim.open_key)
    .where('alert', '=', claim.alert),
)

const selectForUpdate = prepare(
  (db: Kysely<AlertTables>, { tenant, id }: { tenant: string; id: string }, dialect) => {
    const query = db.selectFrom('alert').selectAll().where('tenant', '=', tenant).where('id', '=', id)
    return dialect === 'postgres' ? query.forUpdate() : query
  },
)
