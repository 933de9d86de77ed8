import { FleetDetectionList, readMachineActionId, readMachineId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError, CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { DetectionService } from '../index.ts'

/** What engines found, newest first. */
export const listDetections = operation({
  route: 'GET /fleet/v1/detections',
  summary: 'List detections',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machines' },
  query: Type.Object({
    ...CursorQuery.properties,
    actionId: Type.Optional(Type.String({ description: 'Only those of this machine action.' })),
    machineId: Type.Optional(Type.String({ description: 'Only those on this machine.' })),
  }),
  answers: { 200: FleetDetectionList },
  handle: ({ query, principal }, { detections }: { detections: DetectionService }) =>
    detections.list(principal, {
      actionId: readOptional('actionId', query.actionId, readMachineActionId),
      machineId: readOptional('machineId', query.machineId, readMachineId),
      ...readCursorQuery(query),
    }),
})

function readOptional<T>(
  name: string,
  text: string | undefined,
  read: (text: string) => T | undefined,
): T | undefined {
  if (text === undefined) return undefined
  const value = read(text)
  if (value === undefined) throw new ApiError('InvalidInput', `${name} is not valid`)
  return value
}
