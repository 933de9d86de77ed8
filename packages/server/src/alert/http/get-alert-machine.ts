import { type Clock, Machine } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { type MachineService, showMachine } from '../../machine/index.ts'
import { operation } from '../../principal/index.ts'
import type { AlertService } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-alert-related-machine-info */
export const getAlertMachine = operation({
  route: 'GET /api/alerts/:alertId/machine',
  summary: 'Get the machine of an alert',
  access: { permission: ['Machine.Read.All', 'Machine.ReadWrite.All'], role: ['ViewData'], reach: 'machine' },
  answers: { 200: EntityOf(Machine) },
  handle: async (
    { params, principal, origin },
    { alerts, machines, clock }: { alerts: AlertService; machines: MachineService; clock: Clock },
  ) => {
    const { alert } = await alerts.getAlert(principal, params.alertId)
    const machine = await machines.getMachine(principal, alert.machineId)
    return entityAnswer(origin, 'Machines', showMachine(machine, clock.now()))
  },
})
