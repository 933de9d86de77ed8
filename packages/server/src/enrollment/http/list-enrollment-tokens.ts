import { EnrollmentTokenList } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { readCursor } from '../../kit/cursor.ts'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

const MAX_PAGE = 200
const USUAL_PAGE = 100

/** Enrollment tokens, also used up, expired and revoked ones, newest first. */
export const listEnrollmentTokens = operation({
  route: 'GET /fleet/v1/enrollmentTokens',
  access: { permission: ['Fleet.Enroll'], role: ['Fleet.Enroll'], reach: 'tenant' },
  query: Type.Object({
    cursor: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  }),
  answers: { 200: EnrollmentTokenList },
  handle: ({ query, principal }, { enrollment }: { enrollment: EnrollmentService }) => {
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
    if (query.cursor !== undefined && !after) throw new ApiError('InvalidInput', 'cursor is not valid')
    return enrollment.listTokens(principal.tenant, { after, limit: query.limit ?? USUAL_PAGE })
  },
})
