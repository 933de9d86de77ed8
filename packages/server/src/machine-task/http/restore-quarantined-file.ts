import { RequestTaskBody } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { MachineTaskService } from '../index.ts'
import { ASKING, readTaskRequest, requestedTask } from './requested-task.ts'

/** Has a file given back to where it was. It replaces nothing that is there by then. */
export const restoreQuarantinedFile = operation({
  route: 'POST /fleet/v1/quarantine/:quarantineId/restore',
  summary: 'Give a file in quarantine back',
  ...ASKING,
  refusals: { ...ASKING.refusals, BadRequest: 'the file was given back already' },
  access: { permission: ['Machine.StopAndQuarantine'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: RequestTaskBody,
  handle: async (
    { params, body, principal, origin, headers },
    { machineTasks }: { machineTasks: MachineTaskService },
  ) => {
    const request = readTaskRequest(body, headers)
    return requestedTask(origin, await machineTasks.requestRestore(principal, params.quarantineId, request))
  },
})
