import { CreateApplicationBody, CreatedApplication } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER } from './application-id.ts'

/** Registers an application; the only answer that shows its first secret. */
export const createApplication = operation({
  route: 'POST /fleet/v1/applications',
  summary: 'Register an application',
  access: ADMINISTER,
  body: CreateApplicationBody,
  answers: { 201: CreatedApplication },
  handle: ({ body, principal }, { applications }: { applications: ApplicationService }) =>
    applications.create(principal.tenant, auditPrincipal(principal), body),
})
