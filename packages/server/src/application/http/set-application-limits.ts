import { type ApplicationId, isGuid } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { notFound } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'

const Calls = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Null()])
const Limits = Type.Object({ perMinute: Calls, perHour: Calls })

/** Overrides the rate limits of one application; null stands for the usual limit. */
export const setApplicationLimits = operation({
  route: 'PUT /fleet/v1/applications/:applicationId/limits',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: Limits,
  answers: { 200: Limits },
  handle: async ({ params, body, principal }, { applications }: { applications: ApplicationService }) => {
    const set = isGuid(params.applicationId)
      ? await applications.setLimits(
          principal.tenant,
          auditPrincipal(principal),
          params.applicationId.toLowerCase() as ApplicationId,
          { perMinute: body.perMinute, perHour: body.perHour },
        )
      : undefined
    if (!set) throw notFound(`The application ${params.applicationId}`)
    return set
  },
})
