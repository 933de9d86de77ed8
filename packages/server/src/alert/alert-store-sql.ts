import type { AlertId, MachineId, TenantId } from '@fleetsweep/protocol'
import { type SqlBool, sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { countRows, type RowPage, type RowQuery, type RowSource, readPage } from '../kit/odata/index.ts'
import { machineWithinReach } from '../machine/index.ts'
import type { Reach } from '../principal/index.ts'
import type { AlertWithPlaces } from './alert.ts'
import { ALERT_SOURCE, DEVICE_GROUP_NAME } from './alert-fields.ts'
import { readPlaces } from './alert-places.ts'
import { type AlertTables, type NamedAlertRow, toAlert } from './alert-row.ts'
import type { AlertStore } from './alert-store.ts'
import { updateAlertWrite } from './update-alert.ts'

/** Most alerts of a page with their places. */
const MAX_PAGE_WITH_PLACES = 1_000
/** Most places of a page, so that a list of alerts that a hostile machine filled up stays small enough to be sent. */
const MAX_PAGE_PLACES = 10_000

/** Alerts of one tenant, on either database. */
export function sqlAlertStore(db: Database, tenant: TenantId): AlertStore {
  const readAlerts = (query: RowQuery, source: RowSource) =>
    readPage<NamedAlertRow>(db, tenant, 'alert', query, source)

  /** As many alerts of the page as have few enough places together, and one in any case. */
  const readWithPlaces = async (query: RowQuery, source: RowSource): Promise<RowPage<AlertWithPlaces>> => {
    const page = await readAlerts(
      { ...query, pageSize: Math.min(query.pageSize, MAX_PAGE_WITH_PLACES) },
      source,
    )
    const fitting = countFitting(page.rows)
    const { rows, next } =
      fitting === page.rows.length ? page : await readAlerts({ ...query, pageSize: fitting }, source)
    const places = await readPlaces(
      db,
      tenant,
      rows.map(({ id }) => id as AlertId),
    )
    return { next, rows: rows.map((row) => ({ alert: toAlert(row), places: places.get(row.id) ?? [] })) }
  }

  return {
    async findWithin(id, reach) {
      const within = machineWithinReach(reach, 'alert', 'machine')
      const query = tables<AlertTables>(db.dialect)
        .selectFrom('alert')
        .selectAll('alert')
        .select(DEVICE_GROUP_NAME.as('device_group_name'))
        .where('tenant', '=', tenant)
        .where('id', '=', id)
      const [row] = await db.read<NamedAlertRow>(within ? query.where(within) : query)
      if (!row) return undefined
      return { alert: toAlert(row), places: (await readPlaces(db, tenant, [id])).get(id) ?? [] }
    },
    async list(query, reach, { machineId, withPlaces = false } = {}) {
      const source = sourceWithin(reach, machineId)
      if (withPlaces) return readWithPlaces(query, source)
      const page = await readAlerts(query, source)
      return { ...page, rows: page.rows.map((row) => ({ alert: toAlert(row), places: [] })) }
    },
    count: (filter, reach, { machineId } = {}) =>
      countRows(db, tenant, 'alert', filter, sourceWithin(reach, machineId)),
    update: (update) => db.write(updateAlertWrite, { tenant, update }),
  }
}

function sourceWithin(reach: Reach, machineId: MachineId | undefined): RowSource {
  const conditions = [
    machineWithinReach(reach, 'alert', 'machine'),
    machineId === undefined ? undefined : sql<SqlBool>`alert.machine = ${machineId}`,
  ].filter((condition) => condition !== undefined)
  const within = conditions.length === 0 ? undefined : sql<SqlBool>`${sql.join(conditions, sql` and `)}`
  return { ...ALERT_SOURCE, within }
}

function countFitting(rows: readonly NamedAlertRow[]): number {
  let places = 0
  const beyond = rows.findIndex((row) => {
    places += row.places
    return places > MAX_PAGE_PLACES
  })
  return beyond < 0 ? rows.length : Math.max(1, beyond)
}
