import { type Clock, Machine } from '@fleetsweep/protocol'
import { ListOf } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, readAddressRequest } from '../index.ts'
import { machineList } from './list-machines.ts'
import { READ_MACHINES } from './machine-access.ts'

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/find-machines-by-ip */
export const findMachinesByIp = operation({
  route: 'GET /api/machines/findbyip(:arguments)',
  summary: 'Find machines by an internal address that they had within 15 minutes of a moment',
  access: { ...READ_MACHINES, reach: 'machines' },
  answers: { 200: ListOf(Machine) },
  handle: (request, services: { machines: MachineService; clock: Clock }) => {
    const address = readAddressRequest(request.params.arguments, services.clock.now())
    return machineList(request, services, { kind: 'address', address })
  },
})
