import { type Clock, Machine } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, showMachine } from '../index.ts'
import { READ_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-machine-by-id */
export const getMachine = operation({
  route: 'GET /api/machines/:machineId',
  summary: 'Get a machine by its id, its computer name or its Entra device id',
  access: { ...READ_MACHINES, reach: 'machine' },
  answers: { 200: EntityOf(Machine) },
  handle: async (
    { params, principal, origin },
    { machines, clock }: { machines: MachineService; clock: Clock },
  ) => {
    const machine = await machines.getMachineByAnyName(principal, params.machineId)
    return entityAnswer(origin, 'Machines', showMachine(machine, clock.now()))
  },
})
