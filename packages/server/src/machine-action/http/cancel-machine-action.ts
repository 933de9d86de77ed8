import { CancelMachineActionBody, MachineAction } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, readCancelComment, showMachineAction } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/cancel-machine-action */
export const cancelMachineAction = operation({
  route: 'POST /api/machineactions/:actionId/cancel',
  summary: 'Cancel a machine action',
  access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: CancelMachineActionBody,
  answers: { 200: EntityOf(MachineAction) },
  handle: async (
    { params, body, principal, origin },
    { machineActions }: { machineActions: MachineActionService },
  ) => {
    const comment = readCancelComment(body.Comment)
    const action = await machineActions.cancel(principal, params.actionId, comment)
    return entityAnswer(origin, 'MachineActions', showMachineAction(action))
  },
})
