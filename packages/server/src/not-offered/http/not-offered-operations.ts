import { ApiErrorBody } from '@fleetsweep/protocol'
import type { AlertService } from '../../alert/index.ts'
import { ApiError, isAllowed } from '../../kit/http/index.ts'
import type { MachineService } from '../../machine/index.ts'
import type { MachineActionService } from '../../machine-action/index.ts'
import { operation, type Principal } from '../../principal/index.ts'
import { NOT_OFFERED, type NotOffered } from '../index.ts'

type Services = {
  alerts: Pick<AlertService, 'getAlert'>
  machines: Pick<MachineService, 'getMachine'>
  machineActions: Pick<MachineActionService, 'getMachineAction'>
}

const READ_MACHINES = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All', 'Machine.Scan'],
  role: ['ViewData', 'ActiveRemediationActions'],
} as const
const READ_ALERTS = { permission: ['Alert.Read.All', 'Alert.ReadWrite.All'], role: ['ViewData'] } as const

/**
 * What Microsoft offers and this server does not, each refused in the API's shape: as not found where the machine, action
 * or alert that it is about is, and otherwise as a feature that is off, which clients do not try again.
 *
 * Whoever is signed in may ask: most permissions that Microsoft wants for these are none of ours, and a program that
 * cannot hold them must hear that the call is not offered, not that a permission is missing.
 */
export const notOfferedOperations = Object.fromEntries(NOT_OFFERED.map((call) => [call.route, refuse(call)]))

function refuse(call: NotOffered) {
  return operation({
    route: call.route,
    summary: `Not offered: this server does not ${call.does}`,
    access: {
      signedIn:
        'there is nothing here to be had; whoever may not read machines or alerts does not learn which there are',
      ...(isAboutMachine(call) ? { reach: 'machine' } : {}),
    },
    ...(call.callClass ? { callClass: call.callClass } : {}),
    answers: { 403: ApiErrorBody },
    async handle({ params, principal }, services: Services) {
      await requireKnown(params, principal, services)
      throw new ApiError('DisabledFeature', `This server does not ${call.does}. ${call.instead}`)
    },
  })
}

function isAboutMachine({ route }: NotOffered): boolean {
  return /\/:(machineId|actionId|alertId)\//.test(route)
}

/** @throws ApiError `ResourceNotFound` when what the path names is unknown or out of reach */
async function requireKnown(
  { machineId, actionId, alertId }: { readonly [Name in 'machineId' | 'actionId' | 'alertId']?: string },
  principal: Principal,
  { machines, machineActions, alerts }: Services,
): Promise<void> {
  if (isAllowed(principal, READ_MACHINES)) {
    if (machineId !== undefined) await machines.getMachine(principal, machineId)
    if (actionId !== undefined) await machineActions.getMachineAction(principal, actionId)
  }
  if (alertId !== undefined && isAllowed(principal, READ_ALERTS)) await alerts.getAlert(principal, alertId)
}
