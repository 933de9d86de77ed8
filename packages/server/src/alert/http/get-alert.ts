import { Alert } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type AlertService, showAlert } from '../index.ts'

/**
 * With its evidence, asked for or not: so Microsoft's page shows it.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-alert-info-by-id
 */
export const getAlert = operation({
  route: 'GET /api/alerts/:alertId',
  summary: 'Get an alert with its evidence',
  access: { permission: ['Alert.Read.All', 'Alert.ReadWrite.All'], role: ['ViewData'], reach: 'machine' },
  answers: { 200: EntityOf(Alert) },
  handle: async ({ params, principal, origin }, { alerts }: { alerts: AlertService }) => {
    const alert = await alerts.getAlert(principal, params.alertId)
    return entityAnswer(origin, 'Alerts', showAlert(alert, principal.tenant))
  },
})
