import { type Clock, Machine, SetDeviceValueBody } from '@fleetsweep/protocol'
import { EntityOf, entityAnswer } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, readValueChange, showMachine } from '../index.ts'
import { MANAGE_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/set-device-value */
export const setDeviceValue = operation({
  route: 'POST /api/machines/:machineId/setDeviceValue',
  summary: 'Say how much a machine matters',
  access: { ...MANAGE_MACHINES, reach: 'machine' },
  body: SetDeviceValueBody,
  answers: { 200: EntityOf(Machine) },
  handle: async (
    { params, body, principal, origin },
    { machines, clock }: { machines: MachineService; clock: Clock },
  ) => {
    const change = readValueChange(body)
    const machine = await machines.changeMachine(principal, params.machineId, change, 'machine.setValue')
    return entityAnswer(origin, 'Machines', showMachine(machine, clock.now()))
  },
})
