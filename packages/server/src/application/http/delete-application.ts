import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Deletes an application with all its credentials; its tokens are refused from then on. */
export const deleteApplication = operation({
  route: 'DELETE /fleet/v1/applications/:applicationId',
  summary: 'Delete an application',
  access: ADMINISTER,
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { applications }: { applications: ApplicationService }) => {
    const id = readApplicationId(params.applicationId)
    await applications.remove(principal.tenant, auditPrincipal(principal), id)
    return new Answer(204, null)
  },
})
