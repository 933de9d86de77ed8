import { type Clock, Machine, TagMachineBody } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, readTagChange, showMachine } from '../index.ts'
import { MANAGE_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-machine-tags */
export const tagMachine = operation({
  route: 'POST /api/machines/:machineId/tags',
  summary: 'Add or remove a tag of a machine',
  access: { ...MANAGE_MACHINES, reach: 'machine' },
  body: TagMachineBody,
  answers: { 200: EntityOf(Machine) },
  handle: async (
    { params, body, principal, origin },
    { machines, clock }: { machines: MachineService; clock: Clock },
  ) => {
    const change = readTagChange(body)
    const machine = await machines.changeMachine(principal, params.machineId, change, 'machine.tag')
    return entityAnswer(origin, 'Machines', showMachine(machine, clock.now()))
  },
})
