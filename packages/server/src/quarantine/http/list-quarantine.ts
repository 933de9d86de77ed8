import { QUARANTINE_STATES, QuarantinedFileList, readMachineId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError, CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import { type QuarantineService, showQuarantinedFile } from '../index.ts'

/** What machines keep in quarantine, newest first. */
export const listQuarantine = operation({
  route: 'GET /fleet/v1/quarantine',
  summary: 'List files in quarantine',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machines' },
  query: Type.Object({
    ...CursorQuery.properties,
    machineId: Type.Optional(Type.String({ description: 'Only those on this machine.' })),
    state: Type.Optional(Type.Enum(QUARANTINE_STATES, { description: 'Only those in this state.' })),
  }),
  answers: { 200: QuarantinedFileList },
  handle: async ({ query, principal }, { quarantine }: { quarantine: QuarantineService }) => {
    const machineId = query.machineId === undefined ? undefined : readMachineId(query.machineId)
    if (query.machineId !== undefined && machineId === undefined) {
      throw new ApiError('InvalidInput', 'machineId is not valid')
    }
    const page = { machineId, state: query.state, ...readCursorQuery(query) }
    const { items, nextCursor } = await quarantine.list(principal, page)
    return { items: items.map(showQuarantinedFile), nextCursor }
  },
})
