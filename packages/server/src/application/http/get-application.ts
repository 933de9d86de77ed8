import { Application } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

export const getApplication = operation({
  route: 'GET /fleet/v1/applications/:applicationId',
  summary: 'Get an application',
  access: ADMINISTER,
  answers: { 200: Application },
  handle: ({ params, principal }, { applications }: { applications: ApplicationService }) =>
    applications.get(principal.tenant, readApplicationId(params.applicationId)),
})
