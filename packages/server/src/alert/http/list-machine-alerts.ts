import { Alert } from '@fleetsweep/protocol'
import { ExpandQuery, ListOf, readListQuery } from '../../kit/odata/index.ts'
import type { MachineService } from '../../machine/index.ts'
import { operation } from '../../principal/index.ts'
import type { AlertService } from '../index.ts'
import { alertList } from './alert-list.ts'

const READ = {
  permission: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machine',
} as const

type Services = { alerts: AlertService; machines: MachineService }

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machine-related-alerts */
export const listMachineAlerts = operation({
  route: 'GET /api/machines/:machineId/alerts',
  summary: 'List the alerts of a machine',
  access: READ,
  query: ExpandQuery,
  answers: { 200: ListOf(Alert) },
  handle: async (request, { alerts, machines }: Services) => {
    const { id } = await machines.getMachineByAnyName(request.principal, request.params.machineId)
    return alertList(request, alerts, { machineId: id })
  },
})

/** How many there are, as a bare number. */
export const countMachineAlerts = operation({
  route: 'GET /api/machines/:machineId/alerts/$count',
  summary: 'Count the alerts of a machine',
  access: READ,
  answers: { 200: 'text/plain; charset=utf-8' },
  handle: async ({ principal, params, search }, { alerts, machines }: Services) => {
    const query = readListQuery(search)
    const { id: machineId } = await machines.getMachineByAnyName(principal, params.machineId)
    return String(await alerts.countAlerts(principal, query, { machineId }))
  },
})
