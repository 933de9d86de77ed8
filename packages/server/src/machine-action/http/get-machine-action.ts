import { MachineAction } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, showMachineAction } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machineaction-object */
export const getMachineAction = operation({
  route: 'GET /api/machineactions/:actionId',
  summary: 'Get a machine action',
  access: { permission: ['Machine.Read.All', 'Machine.ReadWrite.All'], role: ['ViewData'], reach: 'machine' },
  answers: { 200: EntityOf(MachineAction) },
  handle: async (
    { params, principal, origin },
    { machineActions }: { machineActions: MachineActionService },
  ) => {
    const action = await machineActions.getMachineAction(principal, params.actionId)
    return entityAnswer(origin, 'MachineActions', showMachineAction(action))
  },
})
