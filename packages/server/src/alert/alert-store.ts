import type { AlertChange, AlertId, MachineId, ODataFilter } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { RowPage, RowQuery } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import type { AlertWithPlaces } from './alert.ts'

/** Alerts of one tenant. They are opened by the write that takes a detection. */
export interface AlertStore {
  /** With its places; `undefined` when the tenant has no such alert, or its machine is out of reach. */
  findWithin(id: AlertId, reach: Reach): Promise<AlertWithPlaces | undefined>

  /**
   * One page of the alerts on machines within reach, newest first unless the query orders them otherwise. With places
   * pages are shorter: see `MAX_PAGE_PLACES`.
   *
   * @throws ApiError `ODataError` for what alerts cannot be filtered or ordered by
   */
  list(
    query: RowQuery,
    reach: Reach,
    only?: { machineId?: MachineId | undefined; withPlaces?: boolean },
  ): Promise<RowPage<AlertWithPlaces>>

  /** How many alerts on machines within reach fulfil a filter; all of them without one. */
  count(filter: ODataFilter | undefined, reach: Reach, only?: { machineId?: MachineId }): Promise<number>

  /**
   * Changes an alert.
   *
   * - `otherIsOpen`: it was to be opened again, and meanwhile its threat was found again and has another open alert.
   * - `tooManyComments`: it has as many as one may have.
   */
  update(update: AlertUpdate): Promise<AlertUpdated>
}

export type AlertUpdate = {
  id: AlertId
  change: AlertChange
  /** Whose comment it is. */
  by: string
  /** What was changed is added to it. */
  audit: AuditEntry
}

export type AlertUpdated =
  | { kind: 'updated' }
  | { kind: 'otherIsOpen'; other: AlertId | null }
  | { kind: 'tooManyComments' }
  | { kind: 'unknown' }
