import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER, readApplicationId } from './application-id.ts'

/** Makes a secret or a certificate worthless, with every token that was got with it. */
export const revokeCredentialOperations = {
  revokeApplicationSecret: revokeCredential('secret'),
  revokeApplicationCertificate: revokeCredential('certificate'),
}

function revokeCredential(kind: 'secret' | 'certificate') {
  return operation({
    route: `DELETE /fleet/v1/applications/:applicationId/${kind}s/:credentialId`,
    summary: `Revoke a ${kind} of an application`,
    access: ADMINISTER,
    answers: { 204: Type.Null() },
    handle: async ({ params, principal }, { applications }: { applications: ApplicationService }) => {
      const id = readApplicationId(params.applicationId)
      const credential = params.credentialId.toLowerCase()
      await applications.revokeCredential(principal.tenant, auditPrincipal(principal), id, kind, credential)
      return new Answer(204, null)
    },
  })
}
