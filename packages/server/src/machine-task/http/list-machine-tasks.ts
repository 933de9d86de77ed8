import { MachineTaskList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineTaskService, showMachineTask } from '../index.ts'

/** What a machine was asked for beside scans, newest first. */
export const listMachineTasks = operation({
  route: 'GET /fleet/v1/machines/:machineId/tasks',
  summary: 'List the tasks of a machine',
  access: {
    permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
    role: ['ViewData'],
    reach: 'machine',
  },
  query: CursorQuery,
  answers: { 200: MachineTaskList },
  handle: async ({ params, query, principal }, { machineTasks }: { machineTasks: MachineTaskService }) => {
    const page = await machineTasks.listTasks(principal, params.machineId, readCursorQuery(query))
    return { items: page.items.map(showMachineTask), nextCursor: page.nextCursor }
  },
})
