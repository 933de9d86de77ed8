import { type Clock, Machine, TagMachinesBody } from '@fleetsweep/protocol'
import { ListOf, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, readMachineNames, readTagChange, showMachine } from '../index.ts'
import { MANAGE_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-multiple-machine-tags */
export const tagMachines = operation({
  route: 'POST /api/machines/AddOrRemoveTagForMultipleMachines',
  summary: 'Add or remove a tag of up to 500 machines, of all of them or none',
  access: { ...MANAGE_MACHINES, reach: 'machine' },
  body: TagMachinesBody,
  refusals: {
    MaximumBatchSizeExceeded: 'there are more than 500 machines',
    ResourceNotFound: 'one of the machines is unknown or out of reach, and none was changed',
  },
  answers: { 200: ListOf(Machine) },
  handle: async (request, { machines, clock }: { machines: MachineService; clock: Clock }) => {
    const { body, principal } = request
    const [change, names] = [readTagChange(body), readMachineNames(body.MachineIds)]
    const changed = await machines.changeMachines(principal, names, change, 'machine.tag')
    const now = clock.now()
    return listAnswer(request, 'Machines', {
      value: changed.map((machine) => showMachine(machine, now)),
      query: readListQuery(new URLSearchParams()),
      count: undefined,
      next: null,
    })
  },
})
