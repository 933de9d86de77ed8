import { CreatedEnrollmentToken, CreateEnrollmentTokenBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

/** Makes a token that machines enroll with; the only answer that shows it. */
export const createEnrollmentToken = operation({
  route: 'POST /fleet/v1/enrollmentTokens',
  summary: 'Make an enrollment token',
  access: { permission: ['Fleet.Enroll'], role: ['Fleet.Enroll'], reach: 'tenant' },
  body: CreateEnrollmentTokenBody,
  answers: { 201: CreatedEnrollmentToken },
  handle: ({ body, principal }, { enrollment }: { enrollment: EnrollmentService }) =>
    enrollment.createToken(principal.tenant, auditPrincipal(principal), body),
})
