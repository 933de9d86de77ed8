import type { MachineId } from '@fleetsweep/protocol'
import { isExpanded, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import type { Principal } from '../../principal/index.ts'
import { type AlertService, showAlert } from '../index.ts'

/** The list of alerts that a call asks for: all within reach, or those of one machine. */
export async function alertList(
  request: Parameters<typeof listAnswer>[0] & { principal: Principal },
  alerts: AlertService,
  only: { machineId?: MachineId } = {},
) {
  const { principal, search } = request
  const query = readListQuery(search)
  const withPlaces = isExpanded(query, 'evidence')
  const { alerts: found, ...page } = await alerts.listAlerts(principal, query, { ...only, withPlaces })
  const value = found.map((alert) => showAlert(alert, principal.tenant))
  return listAnswer(request, 'Alerts', { value, query, ...page })
}
