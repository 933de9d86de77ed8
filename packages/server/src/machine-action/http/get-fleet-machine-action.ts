import { MachineAction, WaitQuery } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, readUntilEnded, showMachineAction, type WaitServices } from '../index.ts'

const ACCESS = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machine',
} as const

/** A machine action as the Defender API shows it, and what that API has not: waiting for its end. */
export const getFleetMachineAction = operation({
  route: 'GET /fleet/v1/machineActions/:actionId',
  summary: 'Read a machine action, or wait until it has ended',
  access: ACCESS,
  query: WaitQuery,
  answers: { 200: MachineAction },
  handle: (request, services: { machineActions: MachineActionService } & WaitServices) =>
    readUntilEnded(request, request.params.actionId, services, ACCESS, async (principal) =>
      showMachineAction(await services.machineActions.getMachineAction(principal, request.params.actionId)),
    ),
})
