import { AddCertificateBody, ApplicationCertificate } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Lets an application prove itself by the private key of a certificate. */
export const addCertificate = operation({
  route: 'POST /fleet/v1/applications/:applicationId/certificates',
  summary: 'Let an application prove itself by a certificate',
  access: ADMINISTER,
  body: AddCertificateBody,
  answers: { 201: ApplicationCertificate },
  handle: ({ params, body, principal }, { applications }: { applications: ApplicationService }) =>
    applications.addCertificate(
      principal.tenant,
      auditPrincipal(principal),
      readApplicationId(params.applicationId),
      body,
    ),
})
