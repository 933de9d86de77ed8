import { type Clock, Machine, UpdateMachineBody } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, readUpdate, showMachine } from '../index.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/update-machine-method */
export const updateMachine = operation({
  route: 'PATCH /api/machines/:machineId',
  summary: 'Replace the tags of a machine, or say how much it matters',
  // Another role permission than for the calls that change one of the two: so it is printed.
  access: { permission: ['Machine.ReadWrite.All'], role: ['AlertsInvestigation'], reach: 'machine' },
  body: UpdateMachineBody,
  answers: { 200: EntityOf(Machine) },
  handle: async (
    { params, body, principal, origin },
    { machines, clock }: { machines: MachineService; clock: Clock },
  ) => {
    const change = readUpdate(body)
    const machine = await machines.changeMachine(principal, params.machineId, change, 'machine.update')
    return entityAnswer(origin, 'Machines', showMachine(machine, clock.now()))
  },
})
