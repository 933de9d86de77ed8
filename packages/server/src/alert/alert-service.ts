import {
  type AlertChange,
  type AlertId,
  type ListQuery,
  type MachineId,
  readAlertId,
  type TenantId,
} from '@fleetsweep/protocol'
import { ApiError, notFound } from '../kit/http/index.ts'
import type { NextPage } from '../kit/odata/index.ts'
import { auditPrincipal, type Principal } from '../principal/index.ts'
import { type AlertWithPlaces, MAX_COMMENTS } from './alert.ts'
import type { AlertStore } from './alert-store.ts'

/** Alerts as callers see them: only those on machines within reach are there. */
export type AlertService = {
  /** @throws ApiError `ResourceNotFound` when unknown or out of reach */
  getAlert(principal: Principal, id: string): Promise<AlertWithPlaces>

  /**
   * One page of alerts, newest first unless the query orders them otherwise.
   *
   * @param only alerts of one machine; with their places or not
   * @throws ApiError `ODataError`
   */
  listAlerts(
    principal: Principal,
    query: ListQuery,
    only: { machineId?: MachineId; withPlaces: boolean },
  ): Promise<{ alerts: AlertWithPlaces[]; count: number | undefined; next: NextPage | null }>

  /** @throws ApiError `ODataError` */
  countAlerts(principal: Principal, query: ListQuery, only?: { machineId?: MachineId }): Promise<number>

  /**
   * Changes an alert and returns it as it is then. A resolved one may be opened again.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach; `BadRequest` when it was to be opened again and
   * its threat has another open alert by now, or when it has no room for another comment
   */
  updateAlert(principal: Principal, id: string, change: AlertChange): Promise<AlertWithPlaces>
}

export function alertService(parts: {
  alertsOf: (tenant: TenantId) => AlertStore
  newId: () => string
  /** Most alerts of one page. */
  pageSize: number
}): AlertService {
  const { alertsOf, newId, pageSize } = parts

  const find = async (principal: Principal, text: string): Promise<AlertWithPlaces> => {
    const id = readAlertId(text)
    const found = id && (await alertsOf(principal.tenant).findWithin(id, principal.reach))
    if (!found) throw unknownAlert(text)
    return found
  }

  const change = async (principal: Principal, id: AlertId, to: AlertChange): Promise<void> => {
    const outcome = await alertsOf(principal.tenant).update({
      id,
      change: to,
      by: principal.name,
      audit: {
        id: newId(),
        principal: auditPrincipal(principal),
        operation: 'alert.update',
        target: id,
        detail: {},
      },
    })
    switch (outcome.kind) {
      case 'updated':
        return
      case 'unknown':
        throw unknownAlert(id)
      case 'tooManyComments':
        throw new ApiError('BadRequest', `Alert ${id} has ${MAX_COMMENTS} comments already`)
      case 'otherIsOpen':
        throw new ApiError(
          'BadRequest',
          `Alert ${id} stays Resolved: its threat was found again and has the open alert ${outcome.other ?? ''}`,
        )
    }
  }

  return {
    getAlert: find,
    async listAlerts(principal, query, only) {
      const store = alertsOf(principal.tenant)
      const [page, count] = await Promise.all([
        store.list({ ...query, pageSize }, principal.reach, only),
        query.count ? store.count(query.filter, principal.reach, only) : undefined,
      ])
      return { alerts: page.rows, next: page.next, count }
    },
    countAlerts: async (principal, { filter }, only) =>
      alertsOf(principal.tenant).count(filter, principal.reach, only),
    async updateAlert(principal, text, to) {
      const { alert } = await find(principal, text)
      await change(principal, alert.id, to)
      return find(principal, text)
    },
  }
}

function unknownAlert(id: string): ApiError {
  return notFound(`Alert ${id}`)
}
