import { CreatedSecret, CreateSecretBody } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Gives an application one more secret; the only answer that shows it. */
export const addSecret = operation({
  route: 'POST /fleet/v1/applications/:applicationId/secrets',
  summary: 'Give an application one more secret',
  access: ADMINISTER,
  body: CreateSecretBody,
  answers: { 201: CreatedSecret },
  handle: ({ params, body, principal }, { applications }: { applications: ApplicationService }) =>
    applications.addSecret(
      principal.tenant,
      auditPrincipal(principal),
      readApplicationId(params.applicationId),
      body,
    ),
})
