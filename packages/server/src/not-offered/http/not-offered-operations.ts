import { ApiErrorBody } from '@fleetsweep/protocol'
import { ApiError, isAllowed } from '../../kit/http/index.ts'
import type { MachineService } from '../../machine/index.ts'
import type { MachineActionService } from '../../machine-action/index.ts'
import { operation, type Principal } from '../../principal/index.ts'
import { NOT_OFFERED, type NotOffered } from '../index.ts'

type Services = {
  machines: Pick<MachineService, 'getMachine'>
  machineActions: Pick<MachineActionService, 'getMachineAction'>
}

const READ_MACHINES = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All', 'Machine.Scan'],
  role: ['ViewData', 'ActiveRemediationActions'],
} as const

/**
 * What Microsoft offers and this server does not, each refused in the API's shape: as not found where the machine or
 * action that it is about is, and otherwise as a feature that is off, which clients do not try again.
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
        'there is nothing here to be had; whoever may not read machines does not learn which there are',
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
  return /\/:(machineId|actionId)\//.test(route)
}

/** @throws ApiError `ResourceNotFound` when what the path names is unknown or out of reach */
async function requireKnown(
  params: { readonly machineId?: string; readonly actionId?: string },
  principal: Principal,
  { machines, machineActions }: Services,
): Promise<void> {
  if (!isAllowed(principal, READ_MACHINES)) return
  if (params.machineId !== undefined) await machines.getMachine(principal, params.machineId)
  if (params.actionId !== undefined) await machineActions.getMachineAction(principal, params.actionId)
}
