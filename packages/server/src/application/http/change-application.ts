import { Application, ChangeApplicationBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Renames an application, or changes what it may do. What is taken from it, its tokens lose at once. */
export const changeApplication = operation({
  route: 'PATCH /fleet/v1/applications/:applicationId',
  summary: 'Change an application',
  access: ADMINISTER,
  body: ChangeApplicationBody,
  answers: { 200: Application },
  handle: ({ params, body, principal }, { applications }: { applications: ApplicationService }) =>
    applications.change(
      principal.tenant,
      auditPrincipal(principal),
      readApplicationId(params.applicationId),
      body,
    ),
})
