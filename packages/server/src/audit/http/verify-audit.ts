import { AuditVerification, readNotedHead } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { AuditService } from '../index.ts'

/** Checks the audit's chain against its rows, its signed heads and, where one was noted, a head kept elsewhere. */
export const verifyAudit = operation({
  route: 'GET /fleet/v1/audit/verification',
  summary: 'Verify the audit',
  access: { permission: ['Audit.Read.All'], role: ['Audit.Read.All'], reach: 'tenant' },
  callClass: 'auditVerification',
  query: Type.Object({
    head: Type.Optional(
      Type.String({ description: 'A head that was noted earlier, `position:hash`: it must still be there.' }),
    ),
  }),
  answers: { 200: AuditVerification },
  handle: ({ query, principal }, { audit }: { audit: AuditService }) => {
    const noted = query.head === undefined ? undefined : readNotedHead(query.head)
    if (query.head !== undefined && !noted) {
      throw new ApiError('InvalidInput', 'head takes a noted head, position:hash')
    }
    return audit.verify(principal.tenant, noted)
  },
})
