import { CallLimits } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Overrides the rate limits of one application; null stands for the usual limit. */
export const setApplicationLimits = operation({
  route: 'PUT /fleet/v1/applications/:applicationId/limits',
  summary: 'Set the rate limits of an application',
  access: ADMINISTER,
  body: CallLimits,
  answers: { 200: CallLimits },
  handle: ({ params, body, principal }, { applications }: { applications: ApplicationService }) =>
    applications.setLimits(
      principal.tenant,
      auditPrincipal(principal),
      readApplicationId(params.applicationId),
      { perMinute: body.perMinute, perHour: body.perHour },
    ),
})
