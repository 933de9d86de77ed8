import { Alert, UpdateAlertBody } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type AlertService, readAlertChange, showAlert } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/update-alert */
export const updateAlert = operation({
  route: 'PATCH /api/alerts/:alertId',
  summary: 'Update an alert',
  access: { permission: ['Alert.ReadWrite.All'], role: ['AlertsInvestigation'], reach: 'machine' },
  body: UpdateAlertBody,
  answers: { 200: EntityOf(Alert) },
  handle: async ({ params, body, principal, origin }, { alerts }: { alerts: AlertService }) => {
    const alert = await alerts.updateAlert(principal, params.alertId, readAlertChange(body))
    return entityAnswer(origin, 'Alerts', showAlert(alert, principal.tenant))
  },
})
