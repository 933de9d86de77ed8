import { createHash } from 'node:crypto'
import type { AlertId, Detection, FilePath, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { type AlertPlace, MAX_PATH_LENGTH, MAX_PLACES } from './alert.ts'
import { type AlertPlaceRow, type AlertRow, type AlertTables, toPlace } from './alert-row.ts'

/**
 * Notes where an alert's threat was found. Of more places than an alert keeps, the one that was longest not heard of
 * makes room: files move, and what counts is where they are now.
 *
 * @returns the columns of the alert that count its places
 */
export function* addPlace(
  alert: Pick<AlertRow, 'tenant' | 'id' | 'places' | 'more_places'>,
  { path, owner, disposition }: Detection,
  { dialect, at }: WriteContext,
): WriteSteps<Pick<AlertRow, 'places' | 'more_places'>> {
  const { tenant, id, places, more_places } = alert
  const place = placeOf(path)
  const known = { tenant, alert: id, place, owner, disposition, last_at: at }
  const updated = yield* run(updatePlace(dialect, known))
  if (updated.length > 0) return { places, more_places }
  const isFull = places >= MAX_PLACES
  if (isFull) yield* run(deleteOldest(dialect, { tenant, alert: id }))
  yield* run(insertPlace(dialect, { ...known, path: shortPath(path), first_at: at }))
  return { places: isFull ? places : places + 1, more_places: isFull ? 1 : more_places }
}

/** A path as alerts keep it: safe to show, and never so long that lists of alerts become unwieldy. */
export function shortPath({ text }: FilePath): string {
  return text.length <= MAX_PATH_LENGTH ? text : `${text.slice(0, MAX_PATH_LENGTH).toWellFormed()}…`
}

function placeOf(path: FilePath): string {
  return createHash('sha256')
    .update(path.base64 ?? path.text)
    .digest('hex')
    .slice(0, 32)
}

const updatePlace = prepare((db: Kysely<AlertTables>, row: Omit<AlertPlaceRow, 'path' | 'first_at'>) =>
  db
    .updateTable('alert_place')
    .set({ owner: row.owner, disposition: row.disposition, last_at: row.last_at })
    .where('tenant', '=', row.tenant)
    .where('alert', '=', row.alert)
    .where('place', '=', row.place)
    .returning('place'),
)

const deleteOldest = prepare(
  (db: Kysely<AlertTables>, { tenant, alert }: { tenant: string; alert: string }) =>
    db
      .deleteFrom('alert_place')
      .where('tenant', '=', tenant)
      .where('alert', '=', alert)
      .where('place', '=', (eb) =>
        eb
          .selectFrom('alert_place')
          .select('place')
          .where('tenant', '=', tenant)
          .where('alert', '=', alert)
          .orderBy('last_at')
          .orderBy('place')
          .limit(1),
      ),
)

const insertPlace = prepare((db: Kysely<AlertTables>, row: AlertPlaceRow) =>
  db.insertInto('alert_place').values(row),
)

/** The places of alerts, those first found first. */
export async function readPlaces(
  db: Database,
  tenant: TenantId,
  alerts: readonly AlertId[],
): Promise<ReadonlyMap<string, readonly AlertPlace[]>> {
  const byAlert = new Map<string, AlertPlace[]>(alerts.map((id) => [id, []]))
  if (alerts.length === 0) return byAlert
  const rows = await db.read<AlertPlaceRow>(
    tables<AlertTables>(db.dialect)
      .selectFrom('alert_place')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('alert', 'in', alerts)
      .orderBy('alert')
      .orderBy('first_at')
      .orderBy('place'),
  )
  for (const row of rows) byAlert.get(row.alert)?.push(toPlace(row))
  return byAlert
}
