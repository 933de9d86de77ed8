import { MachineTask, WaitQuery } from '@fleetsweep/protocol'
import { readUntilEnded, type WaitServices } from '../../machine-action/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineTaskService, showMachineTask } from '../index.ts'

const ACCESS = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machine',
} as const

export const getMachineTask = operation({
  route: 'GET /fleet/v1/machine-tasks/:taskId',
  summary: 'Read a machine task, or wait until it has ended',
  access: ACCESS,
  query: WaitQuery,
  answers: { 200: MachineTask },
  handle: (request, services: { machineTasks: MachineTaskService } & WaitServices) => {
    const { taskId } = request.params
    return readUntilEnded(request, taskId, services, ACCESS, async (principal) =>
      showMachineTask(await services.machineTasks.getTask(principal, taskId)),
    )
  },
})
