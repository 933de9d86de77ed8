import { MachineAction } from '@fleetsweep/protocol'
import { ListOf, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineActionService, showMachineAction } from '../index.ts'

const READ = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machines',
} as const

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machineactions-collection */
export const listMachineActions = operation({
  route: 'GET /api/machineactions',
  summary: 'List machine actions',
  access: READ,
  answers: { 200: ListOf(MachineAction) },
  handle: async (request, { machineActions }: { machineActions: MachineActionService }) => {
    const query = readListQuery(request.search)
    const { actions, ...page } = await machineActions.listMachineActions(request.principal, query)
    return listAnswer(request, 'MachineActions', { value: actions.map(showMachineAction), query, ...page })
  },
})

/** How many there are, as a bare number. */
export const countMachineActions = operation({
  route: 'GET /api/machineactions/$count',
  summary: 'Count machine actions',
  access: READ,
  answers: { 200: 'text/plain; charset=utf-8' },
  handle: async ({ principal, search }, { machineActions }: { machineActions: MachineActionService }) =>
    String(await machineActions.countMachineActions(principal, readListQuery(search))),
})
