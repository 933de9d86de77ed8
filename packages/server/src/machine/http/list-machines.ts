import { type Clock, Machine } from '@fleetsweep/protocol'
import type { OperationRequest } from '../../kit/http/index.ts'
import { ListOf, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import { operation, type Principal } from '../../principal/index.ts'
import { type MachineSelection, type MachineService, showMachine } from '../index.ts'
import { READ_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machines */
export const listMachines = operation({
  route: 'GET /api/machines',
  summary: 'List machines',
  access: { ...READ_MACHINES, reach: 'machines' },
  answers: { 200: ListOf(Machine) },
  handle: (request, services: { machines: MachineService; clock: Clock }) => machineList(request, services),
})

/** One page of machines as the query of a call asks for them, of all or of those that were selected. */
export async function machineList(
  request: Pick<OperationRequest<never, never, never, Principal>, 'search' | 'principal' | 'origin' | 'path'>,
  { machines, clock }: { machines: MachineService; clock: Clock },
  selection?: MachineSelection,
) {
  const query = readListQuery(request.search)
  const { machines: found, ...page } = await machines.listMachines(request.principal, query, selection)
  const now = clock.now()
  return listAnswer(request, 'Machines', {
    value: found.map((machine) => showMachine(machine, now)),
    query,
    ...page,
  })
}

/** How many there are, as a bare number. */
export const countMachines = operation({
  route: 'GET /api/machines/$count',
  summary: 'Count machines',
  access: { ...READ_MACHINES, reach: 'machines' },
  answers: { 200: 'text/plain; charset=utf-8' },
  handle: async ({ principal, search }, { machines }: { machines: MachineService }) =>
    String(await machines.countMachines(principal, readListQuery(search))),
})
