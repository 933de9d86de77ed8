import { ApplicationList } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { readCursor } from '../../kit/cursor.ts'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER } from './application-id.ts'

const MAX_PAGE = 200
const USUAL_PAGE = 100

/** Applications, newest first. */
export const listApplications = operation({
  route: 'GET /fleet/v1/applications',
  summary: 'List applications',
  access: ADMINISTER,
  query: Type.Object({
    cursor: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  }),
  answers: { 200: ApplicationList },
  handle: ({ query, principal }, { applications }: { applications: ApplicationService }) => {
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
    if (query.cursor !== undefined && !after) throw new ApiError('InvalidInput', 'cursor is not valid')
    return applications.list(principal.tenant, { after, limit: query.limit ?? USUAL_PAGE })
  },
})
