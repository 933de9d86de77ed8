import { EnrollmentTokenList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

/** Enrollment tokens, also used up, expired and revoked ones, newest first. */
export const listEnrollmentTokens = operation({
  route: 'GET /fleet/v1/enrollmentTokens',
  summary: 'List enrollment tokens',
  access: { permission: ['Fleet.Enroll'], role: ['Fleet.Enroll'], reach: 'tenant' },
  query: CursorQuery,
  answers: { 200: EnrollmentTokenList },
  handle: ({ query, principal }, { enrollment }: { enrollment: EnrollmentService }) =>
    enrollment.listTokens(principal.tenant, readCursorQuery(query)),
})
