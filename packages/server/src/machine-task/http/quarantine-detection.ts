import { RequestTaskBody } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { MachineTaskService } from '../index.ts'
import { ASKING, readTaskRequest, requestedTask } from './requested-task.ts'

/** Has the file of a detection moved to quarantine, unless its content has changed since. */
export const quarantineDetection = operation({
  route: 'POST /fleet/v1/detections/:detectionId/quarantine',
  summary: 'Move the file of a detection to quarantine',
  ...ASKING,
  refusals: { ...ASKING.refusals, BadRequest: 'the file is in quarantine already' },
  access: { permission: ['Machine.StopAndQuarantine'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: RequestTaskBody,
  handle: async (
    { params, body, principal, origin, headers },
    { machineTasks }: { machineTasks: MachineTaskService },
  ) => {
    const request = readTaskRequest(body, headers)
    return requestedTask(origin, await machineTasks.requestQuarantine(principal, params.detectionId, request))
  },
})
