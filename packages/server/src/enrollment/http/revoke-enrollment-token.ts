import { isGuid } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Answer, notFound } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { EnrollmentService } from '../index.ts'

/** Makes an enrollment token worthless from now on. */
export const revokeEnrollmentToken = operation({
  route: 'DELETE /fleet/v1/enrollmentTokens/:tokenId',
  summary: 'Revoke an enrollment token',
  access: { permission: ['Fleet.Enroll'], role: ['Fleet.Enroll'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { enrollment }: { enrollment: EnrollmentService }) => {
    const { tokenId } = params
    const known =
      isGuid(tokenId) &&
      (await enrollment.revokeToken(principal.tenant, auditPrincipal(principal), tokenId.toLowerCase()))
    if (!known) throw notFound(`The enrollment token ${tokenId}`)
    return new Answer(204, null)
  },
})
