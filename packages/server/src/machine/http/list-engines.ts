import { type Clock, MAX_ENGINES_ASKED, MachineEngineList, readMachineId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import { type MachineService, showMachineEngine } from '../index.ts'
import { READ_MACHINES } from './machine-access.ts'

/** What some machines scan with, which the Defender API cannot say: test signatures, whose engine it is. */
export const listEngines = operation({
  route: 'GET /fleet/v1/engines',
  summary: 'List the engines of machines and how good their signatures are',
  description: 'Machines that are unknown or out of reach are left out.',
  access: { ...READ_MACHINES, reach: 'machines' },
  query: Type.Object({
    machineIds: Type.String({
      description: `Ids of machines, separated by commas: 1 to ${MAX_ENGINES_ASKED}.`,
    }),
  }),
  answers: { 200: MachineEngineList },
  handle: async ({ query, principal }, { machines, clock }: { machines: MachineService; clock: Clock }) => {
    const values = readIds(query.machineIds).map((value) => ({ kind: 'string' as const, value }))
    const filter = { kind: 'in' as const, field: 'id', values }
    const found = await machines.listMachines(principal, {
      filter,
      orderBy: [],
      skip: 0,
      count: false,
      other: new Map(),
    })
    const now = clock.now()
    return { items: found.machines.map((machine) => showMachineEngine(machine, now)) }
  },
})

function readIds(text: string): string[] {
  const ids = [...new Set(text.toLowerCase().split(','))]
  const wrong = ids.find((id) => readMachineId(id) === undefined)
  if (wrong !== undefined) throw new ApiError('InvalidInput', 'machineIds holds what is no id of a machine')
  if (ids.length > MAX_ENGINES_ASKED)
    throw new ApiError('InvalidInput', `machineIds names more than ${MAX_ENGINES_ASKED} machines`)
  return ids
}
