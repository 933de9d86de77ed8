import { type Clock, Machine } from '@fleetsweep/protocol'
import { Type } from 'typebox'
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
  functionArguments: Type.Object({
    ip: Type.String({ description: 'IPv4 or IPv6 address.' }),
    timestamp: Type.String({
      format: 'date-time',
      description: 'The moment in UTC, at most 30 days ago. It may lie in the future.',
    }),
  }),
  refusals: { InvalidIpAddress: '`ip` is not an IP address' },
  answers: { 200: ListOf(Machine) },
  handle: (request, services: { machines: MachineService; clock: Clock }) => {
    const address = readAddressRequest(request.params.arguments, services.clock.now())
    return machineList(request, services, { kind: 'address', address })
  },
})
