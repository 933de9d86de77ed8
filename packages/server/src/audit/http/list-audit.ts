import { FleetAuditList, type Instant, parseInstant } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError, CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { AuditService } from '../index.ts'

/** Who changed what, newest first. */
export const listAudit = operation({
  route: 'GET /fleet/v1/audit',
  summary: 'List the audit',
  access: { permission: ['Audit.Read.All'], role: ['Audit.Read.All'], reach: 'tenant' },
  query: Type.Object({
    ...CursorQuery.properties,
    principal: Type.Optional(Type.String({ description: 'Id of the application, user or machine.' })),
    operation: Type.Optional(Type.String({ description: 'What was done, such as `machineAction.create`.' })),
    target: Type.Optional(Type.String({ description: 'Id of what it was done to.' })),
    from: Type.Optional(Type.String({ description: 'Not before this moment, ISO 8601.' })),
    to: Type.Optional(Type.String({ description: 'Before this moment.' })),
  }),
  answers: { 200: FleetAuditList },
  handle: ({ query, principal }, { audit }: { audit: AuditService }) =>
    audit.list(principal.tenant, {
      principal: query.principal,
      operation: query.operation,
      target: query.target,
      from: readMoment('from', query.from),
      to: readMoment('to', query.to),
      ...readCursorQuery(query),
    }),
})

function readMoment(name: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined
  const moment = parseInstant(text)
  if (moment !== undefined) return moment
  throw new ApiError('InvalidInput', `${name} takes a moment such as 2026-11-23T08:00:00Z`)
}
