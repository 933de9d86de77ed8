import { type Clock, Machine } from '@fleetsweep/protocol'
import { ListOf, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, showMachine } from '../index.ts'

const READ = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machines',
} as const

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machines */
export const listMachines = operation({
  route: 'GET /api/machines',
  summary: 'List machines',
  access: READ,
  answers: { 200: ListOf(Machine) },
  handle: async (request, { machines, clock }: { machines: MachineService; clock: Clock }) => {
    const query = readListQuery(request.search)
    const { machines: found, ...page } = await machines.listMachines(request.principal, query)
    const now = clock.now()
    return listAnswer(request, 'Machines', {
      value: found.map((machine) => showMachine(machine, now)),
      query,
      ...page,
    })
  },
})

/** How many there are, as a bare number. */
export const countMachines = operation({
  route: 'GET /api/machines/$count',
  summary: 'Count machines',
  access: READ,
  answers: { 200: 'text/plain; charset=utf-8' },
  handle: async ({ principal, search }, { machines }: { machines: MachineService }) =>
    String(await machines.countMachines(principal, readListQuery(search))),
})
