import { FleetDetectionList, readMachineActionId, readMachineId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { readCursor } from '../../kit/cursor.ts'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { DetectionService } from '../index.ts'

const MAX_PAGE = 200
const USUAL_PAGE = 100

/** What engines found, newest first. */
export const listDetections = operation({
  route: 'GET /fleet/v1/detections',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machines' },
  query: Type.Object({
    actionId: Type.Optional(Type.String()),
    machineId: Type.Optional(Type.String()),
    cursor: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  }),
  answers: { 200: FleetDetectionList },
  handle: ({ query, principal }, { detections }: { detections: DetectionService }) =>
    detections.list(principal, {
      actionId: readOptional('actionId', query.actionId, readMachineActionId),
      machineId: readOptional('machineId', query.machineId, readMachineId),
      after: readOptional('cursor', query.cursor, readCursor),
      limit: query.limit ?? USUAL_PAGE,
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
