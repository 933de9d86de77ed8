import { RequestTaskBody } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { MachineTaskService } from '../index.ts'
import { ASKING, readTaskRequest, requestedTask } from './requested-task.ts'

export const updateSignatures = operation({
  route: 'POST /fleet/v1/machines/:machineId/updateSignatures',
  summary: 'Bring the signatures of a machine up to date',
  ...ASKING,
  access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
  body: RequestTaskBody,
  handle: async (
    { params, body, principal, origin, headers },
    { machineTasks }: { machineTasks: MachineTaskService },
  ) => {
    const request = readTaskRequest(body, headers)
    return requestedTask(
      origin,
      await machineTasks.requestSignatureUpdate(principal, params.machineId, request),
    )
  },
})
