import { type Clock, Machine } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError } from '../../kit/http/index.ts'
import { ListOf } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import type { MachineService } from '../index.ts'
import { machineList } from './list-machines.ts'
import { READ_MACHINES } from './machine-access.ts'

const Query = Type.Object({
  tag: Type.Optional(Type.String({ description: 'The tag, compared without case. It must be there.' })),
  useStartsWithFilter: Type.Optional(
    Type.Boolean({ description: 'True: also tags that only begin so. False when absent.' }),
  ),
})

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/find-machines-by-tag */
export const findMachinesByTag = operation({
  route: 'GET /api/machines/findbytag',
  summary: 'Find machines by a tag, or by how one begins',
  access: { ...READ_MACHINES, reach: 'machines' },
  query: Query,
  refusals: { MissingRequiredParameter: '`tag` is missing' },
  answers: { 200: ListOf(Machine) },
  handle: (request, services: { machines: MachineService; clock: Clock }) => {
    const { tag = '', useStartsWithFilter: startsWith = false } = request.query
    if (tag.trim() === '') throw new ApiError('MissingRequiredParameter', 'The parameter tag is missing')
    return machineList(request, services, { kind: 'tag', tag: tag.trim(), startsWith })
  },
})
